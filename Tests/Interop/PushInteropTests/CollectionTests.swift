// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Repositories with a collection ID, held against those that `ostree` makes.
@Suite struct CollectionTests {
    private static let collection = "org.example.Os"
    private let stage: Stage

    init() throws {
        stage = try Stage()
        try FileManager.default.removeItem(atPath: stage.cache)
        expectSuccess(try stage.artifact(["init", "--collection-id", Self.collection, stage.cache]))
    }

    private func ostree(_ arguments: String..., in repository: String? = nil) throws -> String {
        try OSTreeCommand.lines(repository ?? stage.cache, arguments).joined(separator: "\n")
    }

    private func summary(_ options: String...) throws {
        expectSuccess(try stage.artifact(["repo", "summary", "--repo", stage.cache] + options))
    }

    /// A commit for the collection in ``stage``'s own repository.
    @discardableResult
    private func commit(_ ref: String, text: String = "hello") throws -> String {
        let tree = "tree-\(UUID().uuidString)"
        try stage.directory.file("\(tree)/file", text)
        return try OSTreeCommand.commit(
            stage.mine, tree: stage.directory.path(tree), refs: [ref],
            options: ["--add-metadata-string=ostree.collection-binding=\(Self.collection)"])
    }

    private func metadataCommits() throws -> [String] {
        try OSTreeCommand.lines(stage.cache, ["log", "ostree-metadata"]).filter { $0.hasPrefix("commit ") }
    }

    @Test func `init sets it as ostree does, and refuses another one`() throws {
        let other = stage.directory.path("other")
        try run(["ostree", "--repo=\(other)", "init", "--mode=archive", "--collection-id=\(Self.collection)"])
            .checked()
        let lines = try text(ofFile: "\(other)/config").split(separator: "\n")
        let ours = try text(ofFile: "\(stage.cache)/config").split(separator: "\n")
        #expect(ours.starts(with: lines.prefix(4)), "\(ours)")
        let json = try stage.artifact([
            "init", "--collection-id", Self.collection, "--json", stage.cache,
        ])
        #expect(json.text.contains(#""collection":"org.example.Os""#), "\(json.text)")
        try expectFailure(
            "there is one of collection \(Self.collection)", status: 1, unchanged: [stage.cache, stage.mine]
        ) { try stage.artifact(["init", "--collection-id", "org.example.Other", stage.cache]) }
        try expectFailure("there is one of no collection", status: 1, unchanged: [stage.mine]) {
            try stage.artifact(["init", "--collection-id", "org.example.Other", stage.mine])
        }
        try expectFailure("cannot name a collection", status: 64, unchanged: []) {
            try stage.artifact(["init", "--collection-id", "no name", stage.directory.path("third")])
        }
    }

    @Test(arguments: [nil, "--add-metadata=site='x'"])
    func `The metadata's commit and the summary are those that ostree makes`(addition: String?) throws {
        let addition = addition.map { [$0] } ?? []
        let other = try stage.copy(stage.cache, as: "other")
        try FileManager.default.createDirectory(
            atPath: "\(stage.cache)/refs/mirrors/org.example.Mirrored", withIntermediateDirectories: true)
        for repository in [stage.cache, other] {
            let commit = try OSTreeCommand.commit(
                repository, tree: stage.directory.makeDirectory("empty"), refs: ["os/1"],
                options: ["--timestamp=2020-02-03 04:05:06 +0000"])
            let place = "\(repository)/refs/mirrors/org.example.Mirrored"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try Data("\(commit)\n".utf8).write(to: URL(fileURLWithPath: "\(place)/os"))
            try OSTreeCommand.lines(repository, ["summary", "-u"] + addition)
            try OSTreeCommand.lines(repository, ["refs", "--delete", "ostree-metadata"])
        }
        try summary()
        try OSTreeCommand.lines(other, ["summary", "-u"] + addition)
        let commits = try [stage.cache, other].map {
            try DetachedMetadata.object($0, OSTreeCommand.revParse($0, "ostree-metadata"))
        }
        #expect(commits[0].count == commits[1].count)
        if addition.isEmpty {
            // All but the eight bytes of the time.
            let different = commits[0].indices.filter { commits[0][$0] != commits[1][$0] }
            #expect((different.last ?? 0) - (different.first ?? 0) < 8, "\(different)")
        } else {
            // ostree has the entries in the order of a hash table.
            for repository in [stage.cache, other] {
                let text = try ostree("show", "--raw", "ostree-metadata", in: repository)
                for entry in ["'site': <'x'>", "<['ostree-metadata']>", "<'\(Self.collection)'>"] {
                    #expect(text.contains(entry), "\(text)")
                }
            }
        }
        let summaries = try [stage.cache, other].map { repository in
            var text = try ostree("summary", "--raw", in: repository)
            for (pattern, word) in [
                (#"'ostree-metadata', \([^{]*\{[^}]*\}"#, "ostree-metadata"),
                (#"'ostree.summary.last-modified': <uint64 [0-9]+>"#, "last-modified"),
            ] { text = text.replacing(try Regex(pattern), with: word) }
            return text
        }
        #expect(summaries[0].contains("collection-map"))
        let keys = summaries.map { $0.split(separator: ", ").sorted().joined(separator: "\n") }
        #expect(keys[0] == keys[1])
        try OSTreeCommand.fsck(stage.cache)
    }

    @Test func `It is made again only where it would be another one`() throws {
        try commit("os/1")
        expectSuccess(try stage.push(["os/1"], environment: Stage.allCapabilities))
        try summary()
        #expect(try metadataCommits().count == 1)
        try OSTreeCommand.lines(stage.cache, ["summary", "-u", "--add-metadata=site='x'"])
        try summary()
        #expect(try metadataCommits().count == 2)
        #expect(try ostree("show", "--print-metadata-key=site", "ostree-metadata") == "'x'")
        let key = try Ed25519Key()
        let file = try stage.directory.file("key", key.seed())
        for _ in 0..<2 { try summary("--sign-ed25519", file) }
        #expect(try metadataCommits().count == 3)
        let tip = try OSTreeCommand.revParse(stage.cache, "ostree-metadata")
        let signatures = try DetachedMetadata.signatures(stage.cache, tip, "ostree.sign.ed25519")
        let bytes = try DetachedMetadata.object(stage.cache, tip)
        #expect(
            try signatures == [key.signature(of: bytes).map { String(format: "%02x", $0) }.joined()])
        try OSTreeCommand.fsck(stage.cache)
    }

    @Test func `ostree finds and pulls by collection what was pushed`() throws {
        let pushed = try commit("os/1")
        let keys = try GPGHome()
        try keys.makeKey("cache@example.com")
        let signing = [
            "--summary-gpg-sign", "cache@example.com", "--summary-gpg-homedir", keys.path, "--sign-gpg",
            "cache@example.com", "--sign-gpg-homedir", keys.path,
        ]
        expectSuccess(try stage.push(["os/1"], receiver: signing, environment: Stage.allCapabilities))
        let server = try FaultyWebServer(directory: stage.cache)
        let client = stage.directory.path("client")
        try OSTreeCommand.initRepo(client, mode: .bareUser)
        try OSTreeCommand.lines(
            client,
            [
                "remote", "add", "--collection-id=\(Self.collection)", "--gpg-import=\(keys.export())",
                "origin", server.url,
            ])
        let found = try ostree("find-remotes", "--finders=config", Self.collection, "os/1", in: client)
        #expect(found.contains("(\(Self.collection), os/1) = \(pushed)"), "\(found)")
        try OSTreeCommand.pull(client, remote: "origin", refs: ["os/1", "ostree-metadata"])
        #expect(try OSTreeCommand.revParse(client, "origin:os/1") == pushed)
        _ = try ostree(
            "find-remotes", "--finders=config", "--pull", "--mirror", Self.collection, "os/1", in: client)
        #expect(try ostree("refs", "-c", in: client).contains("(\(Self.collection), os/1)"))
        try OSTreeCommand.fsck(client)
        // A commit that is not bound to the collection is refused by whoever pulls.
        try stage.commit("os/unbound")
        expectSuccess(try stage.push(["os/unbound"], receiver: signing, environment: Stage.allCapabilities))
        #expect(try OSTreeCommand.attempt(client, ["pull", "origin", "os/unbound"]).failed)
    }

    @Test func `The ref of the metadata is left out of a push of all, and kept by expiry`() throws {
        let commit = try commit("os/1")
        try OSTreeCommand.lines(stage.mine, ["config", "set", "core.collection-id", "org.example.Mine"])
        try OSTreeCommand.lines(stage.mine, ["summary", "-u"])
        let before = try OSTreeCommand.revParse(stage.cache, "ostree-metadata")
        for words in [["--all"], ["*"]] {
            let result = try stage.push(words.filter { $0 == "*" }, words.filter { $0 != "*" })
            expectSuccess(result)
            #expect(result.text.contains("ostree-metadata: left out, "), "\(result.text)")
        }
        try stage.expectArrived(["os/1"], at: commit)
        #expect(try OSTreeCommand.revParse(stage.cache, "ostree-metadata") == before)
        let other = try Stage()
        expectSuccess(try stage.push(["ostree-metadata"], to: other.cache))
        #expect(try OSTreeCommand.refs(other.cache) == ["ostree-metadata"])
        _ = try stage.artifact(["repo", "expire", "--repo", stage.cache, "--max-size", "1"])
        #expect(try OSTreeCommand.refs(stage.cache) == ["ostree-metadata"])
    }

    @Test func `Commits are bound to the collection and to all their refs`() throws {
        let tree = try stage.directory.makeDirectory("tree")
        expectSuccess(try stage.artifact(["commit", "--repo", stage.cache, tree, "os/2", "os/1"]))
        try OSTreeCommand.lines(
            stage.cache, ["commit", "--branch=os/4", "--bind-ref=os/3", "--tree=dir=\(tree)"])
        for key in ["ostree.collection-binding", "ostree.ref-binding"] {
            let ours = try ostree("show", "--print-metadata-key=\(key)", "os/1")
            let theirs = try ostree("show", "--print-metadata-key=\(key)", "os/4")
            #expect(
                theirs.replacing("os/3", with: "os/1").replacing("os/4", with: "os/2") == ours, "\(ours)")
        }
        try OSTreeCommand.fsck(stage.cache)
    }
}
