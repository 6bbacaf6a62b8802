// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing
import Variants
import WireSamples

@testable import ArtifactRepository

/// Detached metadata that arrives for a commit which has some already.
@Suite struct MetadataMergeTests {
    private static let commit = SampleCommit().checksum
    private static let key = "ostree.sign.ed25519"

    private func bytes(_ entries: [(key: String, value: Variant)]) -> [UInt8] {
        Variant.dictionary(entries).serialized()
    }

    private func signatures(_ texts: String...) -> Variant {
        .array(of: "ay", texts.map { .bytes(Array($0.utf8)) })
    }

    private func merged(
        _ rule: MetadataMerge, _ stored: [(key: String, value: Variant)],
        _ received: [(key: String, value: Variant)]
    ) throws -> [(key: String, value: Variant)] {
        let merged = try rule.merged(bytes(stored), bytes(received), of: Self.commit)
        return try Variant(parsing: merged, as: "a{sv}").entries
    }

    @Test func `A push adds signatures and entries, and changes no value`() throws {
        let found = try merged(
            .keepsStored, [(Self.key, signatures("a", "b")), ("note", .string("stored"))],
            [("note", .string("sent")), (Self.key, signatures("b", "c", "c")), ("more", .string("x"))])
        #expect(found.map(\.key) == [Self.key, "note", "more"])
        #expect(found[0].value.serialized() == signatures("a", "b", "c").serialized())
        #expect(found[1].value.string == "stored")
    }

    @Test func `A pull follows its remote, and loses no signature`() throws {
        let found = try merged(
            .followsReceived, [(Self.key, signatures("a", "b")), ("note", .string("here"))],
            [("note", .string("there")), (Self.key, signatures("c"))])
        #expect(found.map(\.key) == ["note", Self.key])
        #expect(found[0].value.string == "there")
        #expect(found[1].value.serialized() == signatures("c", "a", "b").serialized())
    }

    @Test func `A value that cannot hold signatures makes room for one that does`() throws {
        let found = try merged(.keepsStored, [(Self.key, .string("junk"))], [(Self.key, signatures("a"))])
        #expect(found[0].value.serialized() == signatures("a").serialized())
        // And never the other way round.
        let kept = try merged(.keepsStored, [(Self.key, signatures("a"))], [(Self.key, .string("junk"))])
        #expect(kept[0].value.serialized() == signatures("a").serialized())
    }

    @Test func `What brings nothing new is not written, in whatever order it is`() throws {
        let stored = bytes([("one", .string("1")), (Self.key, signatures("a", "b"))])
        let received = bytes([(Self.key, signatures("b", "a")), ("one", .string("2"))])
        #expect(try MetadataMerge.keepsStored.merged(stored, received, of: Self.commit) == stored)
        let first = try MetadataMerge.followsReceived.merged(stored, received, of: Self.commit)
        #expect(try MetadataMerge.followsReceived.merged(first, received, of: Self.commit) == first)
    }

    @Test func `Stored metadata that cannot be read gives way`() throws {
        let received = bytes([("one", .string("1"))])
        for rule in [MetadataMerge.keepsStored, .followsReceived] {
            #expect(try rule.merged([1, 2, 3], received, of: Self.commit) == received)
            #expect(throws: RepositoryError.self) { try rule.merged(received, [1, 2, 3], of: Self.commit) }
        }
    }

    @Test func `Very many entries are refused by a push at once, and replace ours on a pull`() throws {
        let many = (0..<100_000).map { (key: "\($0)", value: Variant.bool(true)) }
        let stored = bytes([(Self.key, signatures("a"))])
        let received = bytes(many)
        let error = #expect(throws: RepositoryError.self) {
            try MetadataMerge.keepsStored.merged(stored, received, of: Self.commit)
        }
        #expect(error?.code == .notAllowed)
        #expect(try MetadataMerge.followsReceived.merged(stored, received, of: Self.commit) == received)
    }
}
