// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pulls of refs into `refs/remotes` and `refs/mirrors`.
@Suite struct RefPlaceTests {
    private static let collection = "org.example.OS"

    /// A stage whose cache has `os/1` and `os/2`, and whose repository knows it as the remote `origin`.
    private func stage(collection: String? = nil, mode: OSTreeCommand.Mode = .archive) throws -> Stage {
        let stage = try Stage(mode)
        if let collection {
            try OSTreeCommand.lines(stage.cache, ["config", "set", "core.collection-id", collection])
        }
        for number in 1...2 { try stage.commitBound("os/\(number)", "\(number)", in: stage.cache) }
        try OSTreeCommand.lines(stage.cache, ["summary", "--update"])
        try OSTreeCommand.addRemote(stage.mine, "origin", url: "file://\(stage.cache)")
        return stage
    }

    /// The files of refs in a repository.
    private func files(_ repository: String) throws -> [String] {
        try run(["find", "refs", "-type", "f"], directory: repository).checked().lines.sorted()
    }

    @Test func `A ref of a remote is written as ostree pull writes it, and ostree reads it`() throws {
        let stage = try stage()
        let result = try stage.pullWell(["os/1"], from: "origin", ["--into", "remote"])
        let commit = try OSTreeCommand.revParse(stage.cache, "os/1")
        #expect(result.lines.first == "origin:os/1: new, at \(commit)")
        #expect(try files(stage.mine) == ["refs/remotes/origin/os/1"])
        #expect(try OSTreeCommand.refs(stage.mine) == ["origin:os/1"])
        #expect(try OSTreeCommand.revParse(stage.mine, "origin:os/1") == commit)
        #expect(try OSTreeCommand.lines(stage.mine, ["log", "origin:os/1"]).first == "commit \(commit)")
        // ostree goes on from there, and this goes on from ostree.
        let second = try stage.commitBound("os/1", "second", in: stage.cache)
        try OSTreeCommand.lines(stage.cache, ["summary", "--update"])
        try OSTreeCommand.pull(stage.mine, remote: "origin", refs: ["os/1"])
        #expect(try OSTreeCommand.revParse(stage.mine, "origin:os/1") == second)
        let third = try stage.commitBound("os/1", "third", in: stage.cache)
        let moved = try stage.pullWell(["os/1", "os/2"], from: "origin", ["--into", "remote"])
        #expect(moved.lines.first == "origin:os/1: from \(second) to \(third)")
        #expect(try files(stage.mine) == ["refs/remotes/origin/os/1", "refs/remotes/origin/os/2"])
        #expect(!FileManager.default.fileExists(atPath: "\(stage.mine)/state/bst-artifact-refs"))
    }

    @Test func `Refs of several remotes and of the repository stand side by side`() throws {
        let stage = try stage()
        let other = try self.stage()
        let theirs = try other.commitBound("os/1", "other", in: other.cache)
        try OSTreeCommand.addRemote(stage.mine, "other", url: "file://\(other.cache)")
        for remote in ["origin", "other"] {
            try stage.pullWell(["os/1"], from: remote, ["--into", "remote"])
        }
        try stage.pullWell(["os/1"], from: "origin")
        #expect(try OSTreeCommand.refs(stage.mine) == ["origin:os/1", "os/1", "other:os/1"])
        #expect(try OSTreeCommand.revParse(stage.mine, "other:os/1") == theirs)
        #expect(try OSTreeCommand.revParse(stage.mine, "os/1") != theirs)
    }

    @Test func `An address has no refs of a remote, and the mistake is told`() throws {
        let stage = try stage()
        try expectFailure(
            "--remote must name one of the repository", "ostree remote add", status: 64,
            unchanged: [stage.mine]
        ) {
            try stage.pull(["os/1"], from: stage.cache, ["--into", "remote"])
        }
    }

    @Test(arguments: [nil, "org.example.OS", "org.example.Mine"] as [String?])
    func `A mirrored ref is written where ostree pull --mirror writes it`(own: String?) throws {
        for remote in [nil, Self.collection] {
            let stage = try stage(collection: remote)
            let reference = try self.stage(collection: remote)
            for repository in [stage.mine, reference.mine] {
                if let own {
                    try OSTreeCommand.lines(repository, ["config", "set", "core.collection-id", own])
                }
            }
            try stage.pullWell(["os/1"], from: "origin", ["--into", "mirror"])
            try OSTreeCommand.lines(reference.mine, ["pull", "--mirror", "origin", "os/1"])
            #expect(try files(stage.mine) == files(reference.mine))
        }
    }

    @Test func `What refs of remotes and mirrors need is kept by expiry and prune`() throws {
        let stage = try stage(collection: Self.collection)
        try stage.pullWell(["os/1"], from: "origin", ["--into", "remote"])
        try stage.pullWell(["os/2"], from: "origin", ["--into", "mirror"])
        let expiry = try stage.run("bst-artifact repo expire --repo mine --max-size 1")
        #expect(expiry.errorText.contains("nothing else may go"))
        try OSTreeCommand.lines(stage.mine, ["prune", "--refs-only"])
        let checked = try stage.well("bst-artifact repo fsck --repo mine")
        #expect(checked.text.contains("2 commits") || checked.text.contains("2 refs"), "\(checked.text)")
        #expect(try OSTreeCommand.lines(stage.mine, ["fsck"]).contains { $0.contains("fsck of 2 commits") })
    }

    @Test func `A dry run and --no-older look at the ref of the remote`() throws {
        let stage = try stage()
        let first = try OSTreeCommand.revParse(stage.cache, "os/1")
        try stage.pullWell(["os/1"], from: "origin", ["--into", "remote"])
        let second = try stage.commitBound("os/1", "second", in: stage.cache)
        let plan = try stage.pull(["os/1"], from: "origin", ["--into", "remote", "--dry-run"])
        #expect(plan.lines == ["origin:os/1: would move from \(first) to \(second)"], "\(plan.errorText)")
        #expect(try OSTreeCommand.revParse(stage.mine, "origin:os/1") == first)
    }
}

extension Stage {
    /// Commits a directory with a file of this text to a repository, with bindings.
    @discardableResult
    fileprivate func commitBound(_ ref: String, _ text: String, in repository: String) throws -> String {
        let tree = "tree-\(UUID().uuidString)"
        try directory.file("\(tree)/file", text)
        return try OSTreeCommand.commit(
            repository, tree: directory.path(tree), refs: [ref], options: ["--fsync=false"])
    }
}
