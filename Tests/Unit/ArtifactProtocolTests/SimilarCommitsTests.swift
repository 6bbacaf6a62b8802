// SPDX-License-Identifier: Apache-2.0

import Testing
import Variants

@testable import ArtifactProtocol

/// The commits that a side names because others may resemble them.
@Suite struct SimilarCommitsTests {
    private func read(_ value: Variant, _ capabilities: [String] = ["ahead"]) throws -> [Checksum] {
        let body = Variant.dictionary([
            ("mode", .int32(1)), ("refs", .dictionary([(key: String, value: String)]())),
            ("abilities", .array(of: "s", capabilities.map(Variant.string))), ("similar", value),
        ])
        return try Info(body: body, version: .one).similar
    }

    private func commits(_ count: Int) -> [Checksum] {
        (0..<count).compactMap { number in
            [UInt8](repeating: UInt8(number), count: 32).withUnsafeBytes { Checksum(bytes: $0) }
        }
    }

    @Test func `Sixteen of them are read, and further ones ignored`() throws {
        let all = Variant.array(of: "ay", commits(20).map { .bytes($0.bytes) })
        #expect(try read(all) == commits(16))
        #expect(SimilarCommits.value(commits(20)).count == 16)
    }

    @Test func `Without the capability they are not looked at`() throws {
        #expect(try read(.string("nonsense"), ["want"]) == [])
    }

    @Test func `Another type, and another size, are errors that say so`() {
        #expect(throws: ProtocolError.self) { try read(.string("nonsense")) }
        for size in [0, 31, 33] {
            let value = Variant.array(of: "ay", [.bytes([UInt8](repeating: 1, count: size))])
            let error = #expect(throws: ProtocolError.self) { try read(value) }
            #expect(error.map { "\($0)" }?.contains("another size than 32 bytes") == true)
        }
    }
}
