// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// After a crash in the middle of a change of several refs.
@Suite struct RefJournalTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository
    private let old = SampleArtifact("old", files: 0...1)
    private let new = SampleArtifact("new", files: 2...3)
    private static let nothing = String(repeating: "0", count: 64)

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
        for artifact in [old, new] {
            try repository.push(artifact, as: "kept/\(artifact.checksum)", usedBefore: 0)
        }
    }

    private var path: String { "\(repository.path)/state/bst-artifact-refs" }

    private func write(_ moves: [(String, String, String)], format: String = "1") throws {
        let lines = moves.map { "\($0.1) \($0.2) \($0.0)\n" }.joined()
        try Data("bst-artifact refs \(format)\n\(lines)end\n".utf8).write(to: URL(fileURLWithPath: path))
    }

    private func set(_ ref: String, _ commit: Checksum) throws {
        try repository.ostree("refs", "--force", "--create=\(ref)", commit.hex)
    }

    private func at(_ ref: String) throws -> Checksum? { try repository.commit(of: .named(ref)) }

    private func expectSettled() throws {
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try repository.recoverAll() == RecoveryReport())
    }

    @Test func `After a crash, a change of several refs is completed`() throws {
        try set("p/a", new.checksum)
        try set("p/b", old.checksum)
        try write([
            ("p/a", old.checksum.hex, new.checksum.hex), ("p/b", old.checksum.hex, new.checksum.hex),
            ("p/deep/er/c", Self.nothing, new.checksum.hex),
        ])
        let report = try repository.recoverAll()
        #expect(report.completed.map(\.text) == ["p/b", "p/deep/er/c"] && report.undone.isEmpty)
        for ref in ["p/a", "p/b", "p/deep/er/c"] { #expect(try at(ref) == new.checksum) }
        try expectSettled()
    }

    @Test func `After a crash, a change of several refs of a remote is completed there`() throws {
        try set("p/a", old.checksum)
        try write(
            [
                ("p/a", Self.nothing, new.checksum.hex), ("p/b", Self.nothing, new.checksum.hex),
            ], format: "2 refs/remotes/origin")
        let report = try repository.recoverAll()
        #expect(report.completed.map(\.text) == ["p/a", "p/b"] && report.undone.isEmpty)
        let remote = try repository.withRefs(in: .remote("origin"))
        #expect(try remote.refs().map(\.commit) == [new.checksum, new.checksum])
        #expect(try at("p/a") == old.checksum)
        #expect(try at("p/b") == nil)
        try expectSettled()
    }

    @Test(arguments: ["", ".", "..", "../heads", "a/b", "-a", "a\0", String(repeating: "a", count: 256)])
    func `A remote or collection whose name is none of a directory has no refs`(name: String) throws {
        for place in [RefPlace.remote(name), .mirror(name)] {
            let error = #expect(throws: RepositoryError.self) { _ = try repository.withRefs(in: place) }
            #expect(error?.code == .unknownRef)
        }
    }

    @Test(arguments: ["2 refs/tags", "2 refs/remotes/..", "2 refs/remotes/a/b", "2 ", "3"])
    func `A journal of refs in no known place is dropped`(format: String) throws {
        try set("p/a", old.checksum)
        try write([("p/a", old.checksum.hex, new.checksum.hex)], format: format)
        #expect(try repository.recoverAll().hasDroppedJournal)
        #expect(try at("p/a") == old.checksum)
    }

    @Test
    func `After a crash, a change of several refs is undone where ostree has pruned one of its commits`()
        throws
    {
        try set("p/a", new.checksum)
        try set("p/n", new.checksum)
        try set("p/b", old.checksum)
        let gone = SampleArtifact("gone", files: 5...6)
        try repository.push(gone, as: "gone", usedBefore: 0)
        let moves = [
            ("p/a", old.checksum.hex, new.checksum.hex), ("p/n", Self.nothing, new.checksum.hex),
            ("p/b", old.checksum.hex, gone.checksum.hex), ("q/directory/x", Self.nothing, gone.checksum.hex),
        ]
        for object in [gone.files[0], gone.commit] {
            try FileManager.default.removeItem(atPath: repository.file(of: object))
            try write(moves)
            let report = try repository.recoverAll()
            #expect(report.undone.map(\.text) == (object.name.type == .file ? ["p/a", "p/n"] : []))
            #expect(try at("p/a") == old.checksum && at("p/b") == old.checksum)
            #expect(try at("p/n") == nil && at("q/directory/x") == nil)
            try expectSettled()
        }
    }

    @Test
    func `After a crash in a change of several refs, a ref that somebody moved since stays`() throws {
        let other = SampleArtifact("other", files: 7...8)
        try repository.push(other, as: "p/a", usedBefore: 0)
        try write([
            ("p/a", old.checksum.hex, new.checksum.hex), ("p/b", old.checksum.hex, new.checksum.hex),
        ])
        try repository.recover()
        #expect(try at("p/a") == other.checksum && at("p/b") == nil)
        try expectSettled()
    }

    @Test
    func `After a crash in a change of several refs, a ref whose place was taken since stops nobody`() throws
    {
        try set("p", old.checksum)
        try set("q", new.checksum)
        try write([
            ("p/a", Self.nothing, new.checksum.hex), ("q", old.checksum.hex, new.checksum.hex),
        ])
        try repository.recover()
        #expect(try at("p") == old.checksum && at("p/a") == nil && at("q") == old.checksum)
        try expectSettled()
    }

    @Test(arguments: [
        "", "bst-artifact refs 1\n", "bst-artifact refs 1\nend\n", "bst-artifact refs 2\nx y z\nend\n",
        "bst-artifact refs 1\nOLD NEW p/a\n", "bst-artifact refs 1\nOLD NEW p/a\nen",
        "bst-artifact refs 1\nOLD NEW ../x\nend\n", "bst-artifact refs 1\nOLD p/a\nend\n",
        "bst-artifact refs 1\nOLD zz p/a\nend\n", "bst-artifact refs 1\nzz NEW p/n\nend\n",
        "bst-artifact refs 1\nOLD NEW p/a\nOLD NE\nend\n",
    ])
    func `After a crash in a change of several refs, a journal that is none, or torn, is dropped`(
        text: String
    ) throws {
        try set("p/a", old.checksum)
        let text = text.replacingOccurrences(of: "OLD", with: old.checksum.hex)
            .replacingOccurrences(of: "NEW", with: new.checksum.hex)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        #expect(try repository.recoverAll().hasDroppedJournal)
        #expect(try at("p/a") == old.checksum && at("p/n") == nil)
        try expectSettled()
    }
}
