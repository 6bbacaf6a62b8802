// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TestSupport

/// A static delta with one thing wrong.
package struct HostileDelta: Sendable {
    /// The end of a sentence that begins with the delta.
    package let name: String
    /// A part of the sentence by which it is refused.
    package let reason: String
    private let change: @Sendable (inout SampleDelta) throws -> Void

    private init(
        _ name: String, _ reason: String, _ change: @escaping @Sendable (inout SampleDelta) throws -> Void
    ) {
        (self.name, self.reason, self.change) = (name, reason, change)
    }

    /// A delta with other operations than those that make its file.
    private static func operations(_ name: String, _ reason: String, _ bytes: [UInt8]) -> HostileDelta {
        HostileDelta(name, reason) { $0.operations = bytes }
    }

    /// The delta.
    package func delta() throws -> SampleDelta {
        var delta = HostileDelta.goodDelta()
        try change(&delta)
        return delta
    }

    private static let content = Array("content\n".utf8)
    private static let size = UInt64(content.count)
    /// The file that the right delta makes.
    package static let file = ArchivedFile(content: content).name

    /// An operation: its letter, then its numbers.
    private static func op(_ letter: Character, _ numbers: UInt64...) -> [UInt8] {
        (letter.asciiValue.map { [$0] } ?? []) + numbers.flatMap(SampleDelta.number)
    }
    private static let open = op("o", 0, 0, size)
    private static let write = op("w", size, 0)
    private static let close = op("c")

    /// A right delta of one file.
    package static func goodDelta() -> SampleDelta {
        var delta = SampleDelta()
        delta.data = content
        delta.operations = open + write + close
        delta.objects = [file]
        return delta
    }

    /// All of them.
    package static let all: [HostileDelta] = [
        .operations("reads behind the data", "behind its data", op("S", 0, 0, size, 1)),
        .operations("reads at the end of numbers", "behind its data", op("S", 0, 0, size, .max)),
        .operations("has sizes that overflow", "behind its data", op("S", 0, 0, .max, 8)),
        .operations("writes from behind the data", "behind its data", open + op("w", size, 1) + close),
        .operations("names a mode that is not there", "a mode or attributes", op("S", 2, 0, size, 0)),
        .operations("names a mode without end", "a mode or attributes", op("S", .max, 0, size, 0)),
        .operations("names attributes that are not there", "a mode or attributes", op("S", 0, 1, size, 0)),
        .operations("has an unknown operation", "not known here", op("x", 1)),
        .operations("ends within a number", "damaged", [0x53, 0x80]),
        .operations(
            "has a number of more than 64 bits", "damaged", [0x53] + [UInt8](repeating: 0xFF, count: 10)),
        .operations("has no operations", "not make all", []),
        .operations("does not close its file", "not make all", open + write),
        .operations("closes what is not open", "for no object", close),
        .operations("writes to nothing", "for no object", write),
        .operations("opens twice", "within another", open + open),
        .operations("makes an object within another", "within another", open + op("S", 0, 0, size, 0)),
        .operations("makes more than it lists", "more objects than it lists", open + write + close + open),
        .operations("leaves its file incomplete", "incomplete", open + op("w", 3, 0) + close),
        .operations(
            "writes more than its file has", "more than its object has", open + write + write + close),
        .operations("patches without a source", "without a source", open + op("B", 0, size) + close),
        .operations("has a source that is not in the data", "behind its data", op("r", 0)),
        .operations(
            "claims a file of all bytes there are", "incomplete", op("o", 0, 0, .max) + write + close),
        HostileDelta("makes another content", "checksum") { $0.data[0] ^= 1 },
        HostileDelta("makes a file of another mode", "checksum") { $0.modes[0] = 0o100755 },
        HostileDelta("makes a device", "neither a file's nor a symbolic link's") { $0.modes[0] = 0o60644 },
        HostileDelta("builds on a file that is not here", "not here") {
            $0.data = [UInt8](repeating: 7, count: 32)
            $0.operations = op("r", 0)
        },
        HostileDelta("makes a link without a target", "no possible target") {
            $0.operations = op("S", 1, 0, 0, 0)
        },
        HostileDelta("makes a link to something with a NUL", "no possible target") {
            $0.data = [65, 0]
            $0.operations = op("S", 1, 0, 2, 0)
        },
        HostileDelta("makes a link to an endless name", "no possible target") {
            $0.data = [UInt8](repeating: 65, count: 5000)
            $0.operations = op("S", 1, 0, 5000, 0)
        },
        HostileDelta("repeats its data for ever", "good for") {
            $0.operations = op("o", 0, 0, 1 << 40) + (0..<100).flatMap { _ in write }
        },
        HostileDelta("makes metadata like a file", "by an operation for files") {
            $0.objects = [SampleObject.dirmeta().name]
        },
        HostileDelta("makes a dirmeta that is none", "refused") {
            $0.objects = [SampleObject.dirmeta().name]
            $0.operations = op("S", size, 0)
        },
        HostileDelta("lists a commit", "not well formed") { $0.objects = [$0.commit.commit.name] },
        HostileDelta("lists half an object", "not well formed") {
            $0.listedObjects = [UInt8](repeating: 1, count: 20)
        },
        HostileDelta("is of another version", "version") { $0.version = 1 },
        HostileDelta("has a part without size", "cannot have the size") { $0.size = 0 },
        HostileDelta("has a part of endless size", "cannot have the size") { $0.size = .max },
        HostileDelta("makes objects of endless size", "cannot have the size") { $0.contentSize = .max },
        HostileDelta("has a part of another checksum", "another checksum") {
            $0.checksum = file.checksum.bytes
        },
        HostileDelta("has a checksum of no length", "not well formed") { $0.checksum = [] },
        HostileDelta("has an empty part", "not well formed") { $0.part = [0] },
        HostileDelta("has a part that is no variant", "not well formed") {
            $0.part = [0, 1, 2, 3, 255, 255]
        },
        HostileDelta("has a part of unknown compression", "not known here") { $0.part = [103, 1, 2, 3] },
        HostileDelta("has a part that is not compressed", "damaged") {
            $0.part = [120] + [UInt8](repeating: 1, count: 99)
        },
        HostileDelta("lacks its part", "missing") { $0.isInline = false },
        HostileDelta("decompresses to far more than it says", "more than it may have") {
            $0.contentSize = 8
            $0.part = try compressed([UInt8](repeating: 0, count: 20 << 20))
        },
        HostileDelta("takes gigabytes of memory to decompress", "MiB of memory") {
            $0.part = try compressed($0.payload, ["--lzma2=preset=0,dict=1GiB"])
        },
        HostileDelta("ends within its compressed part", "ends too early") {
            $0.part = Array(try compressed($0.payload).dropLast(20))
        },
        HostileDelta("goes on behind its compressed part", "bytes follow the end") {
            $0.part = try compressed($0.payload) + [UInt8](repeating: 0, count: 20)
        },
    ]

    /// Compresses as ostree does.
    package static func compressed(_ bytes: [UInt8], _ options: [String] = []) throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        let file = try directory.file("payload", bytes)
        return Array("x".utf8) + (try run(["xz", "-k", "-c"] + options + [file]).checked().output)
    }
}
