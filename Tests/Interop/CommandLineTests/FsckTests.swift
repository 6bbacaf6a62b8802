// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `repo fsck` finds what `ostree fsck` finds.
@Suite struct FsckTests {
    /// Something that happens to a repository.
    enum Fault: CaseIterable {
        case none, file, dirtree, dirmeta, commit, missingFile, missingDirtree, missingDirmeta, badRef,
            lostCommit, truncated
    }

    static let cases: [(OSTreeCommand.Mode, Fault)] = [
        OSTreeCommand.Mode.archive, .bareUser, .bareUserOnly, .bare,
    ].flatMap { mode in
        (mode == .archive ? Fault.allCases : [.none, .file, .missingFile, .commit]).map { (mode, $0) }
    }

    private func object(_ suffix: String, in repository: String) throws -> String {
        let files = try #require(
            FileManager.default.enumerator(atPath: "\(repository)/objects")?.allObjects as? [String])
        return "\(repository)/objects/" + (try #require(files.sorted().first { $0.hasSuffix(suffix) }))
    }

    private func damage(_ path: String, _ body: (inout Data) -> Void) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        body(&bytes)
        chmod(path, 0o644)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: bytes)
    }

    private func make(_ fault: Fault, in repository: String, file: String) throws {
        func flip(_ bytes: inout Data) { bytes[bytes.count / 2] ^= 0xff }
        switch fault {
        case .none: break
        case .file: try damage(object(file, in: repository), flip)
        case .truncated: try damage(object(file, in: repository)) { $0.removeLast() }
        case .dirtree: try damage(object(".dirtree", in: repository), flip)
        case .dirmeta: try damage(object(".dirmeta", in: repository), flip)
        case .commit: try damage(object(".commit", in: repository), flip)
        case .missingFile: unlink(try object(file, in: repository))
        case .missingDirtree: unlink(try object(".dirtree", in: repository))
        case .missingDirmeta: unlink(try object(".dirmeta", in: repository))
        case .lostCommit: unlink(try object(".commit", in: repository))
        case .badRef:
            try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: "\(repository)/refs/heads/bad"))
        }
    }

    @Test func `Refs whose commits were made for others are found where that is asked for, as by ostree`()
        throws
    {
        let stage = try Stage.withArtifacts()
        let repository = stage.directory.path("repo")
        try OSTreeCommand.initRepo(repository, mode: .archive)
        let commit = try OSTreeCommand.commit(repository, tree: stage.directory.path("tree"), refs: ["a/b"])
        func expect(_ words: String?, _ location: SourceLocation = #_sourceLocation) throws {
            #expect(try stage.run("bst-artifact repo fsck --repo repo").succeeded, sourceLocation: location)
            let found = try stage.run("bst-artifact repo fsck --repo repo --verify-bindings")
            let theirs = try stage.run("ostree fsck --repo=repo --verify-bindings")
            #expect(theirs.succeeded == (words == nil), "\(theirs.errorText)", sourceLocation: location)
            #expect(
                found.status == .exited(words == nil ? 0 : 6), "\(found.errorText)", sourceLocation: location)
            #expect(
                words.map { found.errorText.contains($0) } ?? true, "\(found.errorText)",
                sourceLocation: location)
        }
        try expect(nil)
        try stage.well("ostree refs --repo=repo --create=third/product a/b")
        try expect(
            "ref third/product does not fit its commit \(commit): it was made for ref 'a/b'"
        )
        try stage.well("ostree refs --repo=repo --delete third/product")
        try stage.directory.file("repo/refs/remotes/origin/other", "\(commit)\n")
        try expect("ref remotes/origin/other does not fit its commit")
        unlink("\(repository)/refs/remotes/origin/other")
        try stage.directory.file("repo/refs/remotes/origin/a/b", "\(commit)\n")
        try expect(nil)
        try stage.well("ostree config --repo=repo set core.collection-id org.example.Cache")
        try expect("do not say which collection it was made for")
        let bound = try OSTreeCommand.commit(repository, tree: stage.directory.path("tree"), refs: ["a/b"])
        try expect(nil)
        try stage.directory.file("repo/refs/mirrors/org.example.Other/a/b", "\(bound)\n")
        try expect("it was made for collection 'org.example.Cache' and not for 'org.example.Other'")
    }

    @Test(arguments: cases)
    func `Each fault is found that ostree finds`(_ mode: OSTreeCommand.Mode, _ fault: Fault) throws {
        let stage = try Stage.withArtifacts()
        let repository = stage.directory.path("repo")
        try OSTreeCommand.initRepo(repository, mode: mode)
        try OSTreeCommand.commit(
            repository, tree: stage.directory.path("tree"), refs: ["a/b/c"],
            options: ["--fsync=false", "--canonical-permissions"])
        try make(fault, in: repository, file: mode == .archive ? ".filez" : ".file")
        let ours = try stage.run("bst-artifact repo fsck --repo repo")
        let theirs = try OSTreeCommand.attempt(repository, ["fsck", "--quiet"])
        #expect(ours.status == .exited(fault == .none ? 0 : 6), "\(ours.errorText)")
        #expect(ours.succeeded == theirs.succeeded, "ostree: \(theirs.errorText)")
        #expect(fault == .none || ours.errorText.contains("Error: "))
    }

    @Test func `What was damaged is removed on request, and brought again by the next push`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        try make(.file, in: stage.cache, file: ".filez")
        try make(.missingDirtree, in: stage.cache, file: ".filez")
        #expect(try stage.run("bst-artifact repo fsck --repo cache --delete").status == .exited(6))
        #expect(try stage.run("bst-artifact repo fsck --repo cache").errorText.contains("is missing"))
        // The commit's refs are where they were, and yet it is not taken for present.
        let push = try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all --json")
        #expect(push.text.contains(#""complete":true"#))
        try stage.well("bst-artifact repo fsck --repo cache")
        try OSTreeCommand.fsck(stage.cache)
        #expect(
            try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all").text.contains(
                "pushed 0 objects"))
    }

    @Test func `A ref whose commit object is gone is not taken for present`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        for push in [stage.first, stage.second] {
            try FileManager.default.removeItem(
                atPath: "\(stage.cache)/objects/\(push.prefix(2))/\(push.dropFirst(2)).commit")
        }
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        try OSTreeCommand.fsck(stage.cache)
    }

    @Test func `A partial commit is told, and is no damage`() throws {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        let name = "\(stage.first).commit"
        try OSTreeCommand.lines(stage.mine, ["refs", "--delete", "hello"])
        try FileManager.default.createDirectory(
            atPath: "\(stage.mine)/state", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(stage.mine)/state/\(name)partial"))
        #expect(
            try stage.well("bst-artifact repo fsck --repo mine").errorText.contains(
                "commit \(stage.first) is only partly here"))
    }
}
