// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TestSupport
import Testing
import WireSamples

@testable import ArtifactRepository

@Suite struct BinaryPatchTests {
    /// A block of a patch.
    private static func block(_ added: [UInt8], _ copied: [UInt8], skipping skipped: Int64) -> [UInt8] {
        control(Int64(added.count), Int64(copied.count), skipped) + added + copied
    }

    private static func control(_ numbers: Int64...) -> [UInt8] {
        numbers.flatMap { number -> [UInt8] in
            let value = UInt64(number.magnitude) | (number < 0 ? 1 << 63 : 0)
            return withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
    }

    private static func apply(_ patch: [UInt8], to old: String, size: UInt64) throws -> String {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(.archive)
        let commit = SampleCommit(old)
        try repository.push(commit.objects, RefEdit(.named("old"), from: .any, to: commit.checksum))
        var result: [UInt8] = []
        let source = try DeltaSource(commit.file.checksum, in: repository)
        try patch.withUnsafeBytes { patch in
            try BinaryPatch.apply(patch, to: source, size: size) { result += $0 }
        }
        return String(decoding: result, as: UTF8.self)
    }

    @Test func `Bytes are added, copied and skipped`() throws {
        let patch =
            Self.block([0, 0, 1], Array("new".utf8), skipping: 2) + Self.block([0, 0], [], skipping: -7)
            + Self.block([0], [], skipping: 0)
        #expect(try Self.apply(patch, to: "abcdefgh", size: 9) == "abdnewfga")
    }

    @Test func `Outside of the old file there are zeros`() throws {
        let patch =
            Self.block([], [], skipping: -2) + Self.block([65, 66, 0, 0, 0, 67], [], skipping: 1000)
            + Self.block([68], [], skipping: 0)
        #expect(try Self.apply(patch, to: "xyz", size: 7) == "ABxyzCD")
    }

    @Test(
        arguments: [
            (control(-1, 1, 0), "more than"), (control(1, -1, 0), "more than"),
            (control(9, 0, 0), "more than"),
            (control(4, 5, 0), "more than"), (control(.max, .max, 0), "more than"),
            (control(8, 0, 0), "early"),
            (control(0, 8, 0), "early"), ([1, 2, 3], "early"), ([], "early"),
            (control(0, 0, .max) + control(0, 0, .max), "far outside"),
            (control(0, 0, -.max) + control(0, 0, -.max), "far outside"),
            (block([1], [], skipping: .max - 1) + block([1], [], skipping: 0) + [0], "far outside"),
        ] as [([UInt8], String)])
    func `A patch is refused that reads or writes where nothing is`(patch: [UInt8], reason: String) throws {
        let error = #expect(throws: DeltaError.self) { try Self.apply(patch, to: "abcdefgh", size: 8) }
        #expect(error?.description.contains(reason) == true)
    }
}
