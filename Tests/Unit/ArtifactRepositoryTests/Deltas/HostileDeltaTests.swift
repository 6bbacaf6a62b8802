// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TestSupport
import Testing
import Variants
import WireSamples

@testable import ArtifactRepository

@Suite struct HostileDeltaTests {
    /// A delta with one thing wrong.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Part of the error's sentence.
        let reason: String
        let change: @Sendable (inout MadeDelta) -> Void

        init(_ description: String, _ reason: String, _ change: @escaping @Sendable (inout MadeDelta) -> Void)
        {
            (testDescription, self.reason, self.change) = (description, reason, change)
        }

        /// A row whose operations follow the making of one file.
        static func operations(_ description: String, _ reason: String, _ bytes: [UInt8]) -> Row {
            Row(description, reason) { $0.operations = bytes }
        }
    }

    private static let content = Array("content\n".utf8)
    private static let size = UInt64(content.count)
    private static let file = ArchivedFile(content: content).name
    private static func op(_ letter: Character, _ numbers: UInt64...) -> [UInt8] {
        (letter.asciiValue.map { [$0] } ?? []) + numbers.flatMap(MadeDelta.number)
    }
    private static let open = op("o", 0, 0, size)
    private static let write = op("w", size, 0)
    private static let close = op("c")

    /// A right delta of one file.
    private static func delta() -> MadeDelta {
        var delta = MadeDelta()
        delta.data = content
        delta.operations = open + write + close
        delta.objects = [file]
        return delta
    }

    static let rows: [Row] = [
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
        Row("makes another content", "checksum") { $0.data[0] ^= 1 },
        Row("makes a file of another mode", "checksum") { $0.modes[0] = 0o100755 },
        Row("makes a device", "neither a file's nor a symbolic link's") { $0.modes[0] = 0o60644 },
        Row("builds on a file that is not here", "not here") {
            $0.data = [UInt8](repeating: 7, count: 32)
            $0.operations = op("r", 0)
        },
        Row("makes a link without a target", "no possible target") { $0.operations = op("S", 1, 0, 0, 0) },
        Row("makes a link to something with a NUL", "no possible target") {
            $0.data = [65, 0]
            $0.operations = op("S", 1, 0, 2, 0)
        },
        Row("makes a link to an endless name", "no possible target") {
            $0.data = [UInt8](repeating: 65, count: 5000)
            $0.operations = op("S", 1, 0, 5000, 0)
        },
        Row("repeats its data for ever", "good for") {
            $0.operations = op("o", 0, 0, 1 << 40) + (0..<100).flatMap { _ in write }
        },
        Row("makes metadata like a file", "by an operation for files") {
            $0.objects = [SampleObject.dirmeta().name]
        },
        Row("makes a dirmeta that is none", "refused") {
            $0.objects = [SampleObject.dirmeta().name]
            $0.operations = op("S", size, 0)
        },
        Row("lists a commit", "not well formed") { $0.objects = [$0.commit.commit.name] },
        Row("lists half an object", "not well formed") {
            $0.listedObjects = [UInt8](repeating: 1, count: 20)
        },
        Row("is of another version", "version") { $0.version = 1 },
        Row("has a part without size", "cannot have the size") { $0.size = 0 },
        Row("has a part of endless size", "cannot have the size") { $0.size = .max },
        Row("makes objects of endless size", "cannot have the size") { $0.contentSize = .max },
        Row("has a part of another checksum", "another checksum") { $0.checksum = file.checksum.bytes },
        Row("has a checksum of no length", "not well formed") { $0.checksum = [] },
        Row("has an empty part", "not well formed") { $0.part = [0] },
        Row("has a part that is no variant", "not well formed") { $0.part = [0, 1, 2, 3, 255, 255] },
        Row("has a part of unknown compression", "not known here") { $0.part = [103, 1, 2, 3] },
        Row("has a part that is not compressed", "damaged") {
            $0.part = [120] + [UInt8](repeating: 1, count: 99)
        },
        Row("lacks its part", "missing") { $0.isInline = false },
    ]

    @Test(arguments: rows, [RepositoryMode.bareUser, .archive])
    func `A delta is refused that`(row: Row, mode: RepositoryMode) throws {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(mode)
        let before = try repository.visibleFiles()
        let quarantine = try repository.makeQuarantine(.transient)
        var delta = HostileDeltaTests.delta()
        row.change(&delta)
        let error = #expect(throws: (any Error).self) { try delta.apply(to: repository, in: quarantine) }
        #expect(error is DeltaError || (error as? RepositoryError)?.code == .badObject)
        #expect("\(error.map { "\($0)" } ?? "")".contains(row.reason))
        _ = quarantine.takeVerdicts(waiting: true)
        // One that is right by itself may be kept.
        let isRight = row.reason == "more objects than it lists"
        #expect(try isRight || delta.objects.allSatisfy { try !quarantine.contains($0) })
        quarantine.discard()
        #expect(try repository.visibleFiles() == before)
    }

    @Test func `The delta is right without that`() throws {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(.archive)
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        try HostileDeltaTests.delta().apply(to: repository, in: quarantine)
        #expect(try quarantine.contains(HostileDeltaTests.file))
    }

    /// Compresses as ostree does.
    private static func compressed(_ bytes: [UInt8], _ options: [String] = []) throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        let file = try directory.file("payload", bytes)
        return Array("x".utf8) + (try run(["xz", "-k", "-c"] + options + [file]).checked().output)
    }

    @Test func `A part that decompresses to far more than it says is given up`() throws {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(.bareUser)
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        var delta = HostileDeltaTests.delta()
        delta.contentSize = 8
        delta.part = try HostileDeltaTests.compressed([UInt8](repeating: 0, count: 20 << 20))
        let error = #expect(throws: DeltaError.self) { try delta.apply(to: repository, in: quarantine) }
        #expect(error?.description.contains("more than it may have") == true)
    }

    @Test(arguments: [1, 20, 40])
    func `A compressed part that ends too early is refused, and one that goes on`(cut: Int) throws {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(.bareUser)
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        var delta = HostileDeltaTests.delta()
        let whole = try HostileDeltaTests.compressed(delta.payload)
        for part in [Array(whole.dropLast(cut)), whole + [UInt8](repeating: 0, count: cut)] {
            delta.part = part
            #expect(throws: DeltaError.self) { try delta.apply(to: repository, in: quarantine) }
        }
        delta.part = whole
        try delta.apply(to: repository, in: quarantine)
    }

    @Test func `A part that takes gigabytes of memory to decompress is given up`() throws {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(.bareUser)
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        var delta = HostileDeltaTests.delta()
        delta.part = try HostileDeltaTests.compressed(delta.payload, ["--lzma2=preset=0,dict=1GiB"])
        let error = #expect(throws: DeltaError.self) { try delta.apply(to: repository, in: quarantine) }
        #expect(error?.description.contains("MiB of memory") == true)
    }
}
