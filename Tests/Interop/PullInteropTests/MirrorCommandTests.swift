// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Mirrors that a configuration file keeps up to date.
@Suite struct MirrorCommandTests {
    private let stage: Stage
    private let other: Stage

    init() throws {
        stage = try Stage(.archive)
        other = try Stage(.archive)
        for stage in [stage, other] {
            for ref in ["app/one", "app/two", "os/1"] { try commit(ref, ref, stage) }
            try summarize(stage)
        }
    }

    @discardableResult
    private func commit(_ ref: String, _ text: String, _ stage: Stage, parent: String? = nil) throws -> String
    {
        let tree = "tree-\(UUID().uuidString)"
        try stage.directory.file("\(tree)/file", text)
        return try OSTreeCommand.commit(
            stage.cache, tree: stage.directory.path(tree), refs: [ref], parent: parent,
            options: ["--fsync=false"])
    }

    private func summarize(_ stage: Stage) throws {
        try OSTreeCommand.lines(stage.cache, ["summary", "--update"])
    }

    private func configure(_ text: String) throws { try stage.directory.file("mirror.yaml", text) }

    private func mirror(_ options: String...) throws -> ProcessResult {
        try stage.artifact(["mirror"] + options + ["mirror.yaml"])
    }

    private func report(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// The results of the remotes of the first repository.
    private func remotes(_ report: [String: Any]) throws -> [[String: Any]] {
        let repositories = try #require(report["repositories"] as? [[String: Any]])
        return try #require(repositories.first?["remotes"] as? [[String: Any]])
    }

    @Test func `A repository is made and mirrors what the file says, and ostree pulls from it`() throws {
        let server = try WebServer(directory: stage.cache)
        let path = stage.directory.path("mirrored")
        try configure(
            """
            repositories:
            - path: \(path)
              remotes:
              - url: \(server.plainURL)
                refs: [app/*, os/1]
                exclude: ["*/two"]
                depth: all
                prune-refs: yes
            """)
        let first = try OSTreeCommand.revParse(stage.cache, "os/1")
        try commit("os/1", "second", stage, parent: first)
        try summarize(stage)
        expectSuccess(try mirror())
        #expect(try OSTreeCommand.refs(path) == ["app/one", "os/1"])
        #expect(try OSTreeCommand.lines(path, ["log", "os/1"]).count { $0.hasPrefix("commit ") } == 2)
        try OSTreeCommand.fsck(path)
        try OSTreeCommand.lines(stage.cache, ["refs", "--delete", "app/one"])
        try commit("app/three", "three", stage)
        try summarize(stage)
        let result = try mirror("--json")
        let remote = try #require(try remotes(report(result.text)).first)
        #expect(remote["outcome"] as? String == "updated")
        #expect((remote["pruned"] as? [[String: Any]])?.map { $0["ref"] as? String } == ["app/one"])
        #expect(try OSTreeCommand.refs(path) == ["app/three", "os/1"])
        let served = try WebServer(directory: path)
        let client = try stage.another()
        try OSTreeCommand.addRemote(client.mine, "origin", url: served.plainURL)
        try OSTreeCommand.pull(client.mine, remote: "origin", refs: ["app/three", "os/1"])
    }

    @Test func `A run in which nothing has changed costs one request`() throws {
        let server = try FaultyWebServer(directory: stage.cache)
        try configure(
            "repositories: [{path: \(stage.mine), remotes: [{url: \"\(server.url)\", prune-refs: yes}]}]")
        expectSuccess(try mirror())
        let before = try TreeSnapshot(stage.mine, excluding: ["tmp"])
        let count = server.requestCount
        let again = try mirror()
        #expect(again.lines == ["\(server.url): nothing new in 3 refs"])
        #expect(server.requestedPaths.dropFirst(count) == ["/summary"])
        #expect(try TreeSnapshot(stage.mine, excluding: ["tmp"]).differences(from: before) == [])
        // A ref that is lost here comes again, and no other is asked for.
        try OSTreeCommand.lines(stage.mine, ["refs", "--delete", "os/1"])
        expectSuccess(try mirror())
        let asked = server.requestedPaths.dropFirst(count + 1).filter { $0.hasSuffix(".commitmeta") }
        #expect(asked.count == 1)
        #expect(try OSTreeCommand.refs(stage.mine).contains("os/1"))
        let known = server.requestCount
        expectSuccess(try mirror("--complete"))
        #expect(server.requestedPaths.dropFirst(known).count { $0.hasSuffix(".commitmeta") } == 3)
    }

    @Test func `A remote that fails stops no other, and the report says so`() throws {
        let gone = "http://127.0.0.1:1"
        try configure(
            """
            repositories:
            - path: \(stage.mine)
              remotes:
              - url: \(gone)
              - url: \(other.cache)
                into: heads
            - path: \(stage.directory.path("second"))
              remotes:
              - {url: \(stage.cache), refs: [os/*]}
            """)
        let path = stage.directory.path("report.json")
        let result = try mirror("--report", path)
        #expect(result.status == .exited(2))
        #expect(result.errorText.contains("Error: cannot fetch \(gone)/summary"), "\(result.errorText)")
        let report = try report(text(ofFile: path))
        #expect(report["complete"] as? Bool == false && (report["time"] as? Int ?? 0) > 1_700_000_000)
        let remotes = try remotes(report)
        #expect(remotes.map { $0["outcome"] as? String } == ["failed", "updated"])
        #expect((remotes[0]["error"] as? [String: Any])?["status"] as? String == "unavailable")
        #expect(try OSTreeCommand.refs(stage.mine) == ["app/one", "app/two", "os/1"])
        #expect(try OSTreeCommand.refs(stage.directory.path("second")) == ["os/1"])
        // What failed alone gives its own status.
        try configure("repositories: [{path: \(stage.mine), remotes: [{url: \"\(gone)\"}]}]")
        #expect(try mirror().status == .exited(4))
    }

    @Test func `A mirror with the same collection ID makes its own metadata, and rests`() throws {
        for repository in [stage.cache, stage.mine] {
            try OSTreeCommand.lines(repository, ["config", "set", "core.collection-id", "org.example.OS"])
        }
        try summarize(stage)
        try configure("repositories: [{path: \(stage.mine), remotes: [{url: \(stage.cache)}]}]")
        expectSuccess(try mirror())
        let own = try OSTreeCommand.revParse(stage.mine, "ostree-metadata")
        #expect(try mirror().lines == ["\(stage.cache): nothing new in 3 refs"])
        #expect(try OSTreeCommand.revParse(stage.mine, "ostree-metadata") == own)
    }

    @Test func `Named remotes of one repository have their settings and places`() throws {
        try OSTreeCommand.addRemote(stage.mine, "one", url: "file://\(stage.cache)")
        try OSTreeCommand.lines(stage.mine, ["remote", "add", "two", "file://\(other.cache)"])
        try configure(
            "repositories: [{path: \(stage.mine), remotes: [{name: one, into: remote}, {name: two, into: remote}]}]"
        )
        let result = try mirror()
        #expect(result.status == .exited(2))
        #expect(result.errorText.contains("there is no key for it"), "\(result.errorText)")
        #expect(try OSTreeCommand.refs(stage.mine) == ["one:app/one", "one:app/two", "one:os/1"])
    }

    @Test func `A dry run changes nothing, and makes no repository that is there`() throws {
        try configure("repositories: [{path: \(stage.mine), remotes: [{url: \(stage.cache)}]}]")
        let before = try TreeSnapshot(stage.mine, excluding: ["tmp"])
        let result = try mirror("--dry-run")
        #expect(result.lines.contains { $0.hasPrefix("os/1: would be new, at ") }, "\(result.text)")
        #expect(try TreeSnapshot(stage.mine, excluding: ["tmp"]).differences(from: before) == [])
    }

    @Test func `The summary of a mirror is signed as the file says`() throws {
        let keys = try GPGHome()
        try keys.makeKey("mirror@example.com")
        try configure(
            """
            repositories:
            - path: \(stage.mine)
              gpg-sign: [mirror@example.com]
              gpg-homedir: \(keys.path)
              remotes: [{url: \(stage.cache)}]
            """)
        expectSuccess(try mirror())
        try commit("os/1", "second", stage)
        try summarize(stage)
        expectSuccess(try mirror())
        let client = try stage.another()
        try OSTreeCommand.addRemote(
            client.mine, "origin", url: "file://\(stage.mine)", options: ["--gpg-import=\(try keys.export())"]
        )
        for (key, value) in [("gpg-verify", "false"), ("gpg-verify-summary", "true")] {
            try OSTreeCommand.lines(client.mine, ["config", "set", "remote \"origin\".\(key)", value])
        }
        try OSTreeCommand.pull(client.mine, remote: "origin", refs: ["os/1"])
    }

    @Test(arguments: [
        ("", "it is empty"), ("repositories: []", "there is no repository in it"),
        ("repos: []", "mirror.yaml:1: the file has no setting 'repos'"),
        ("repositories:\n- remotes: [{url: /x}]", "mirror.yaml:2: this repository has no 'path'"),
        ("repositories:\n- path: here\n  remotes: [{url: /x}]", "or none that begins with '/'"),
        ("repositories:\n- path: /x", "this repository has no 'remotes'"),
        (
            "repositories:\n- path: /x\n  remotes:\n  - refs: [a]",
            "mirror.yaml:4: this remote has neither 'url' nor 'name'"
        ),
        ("repositories:\n- path: /x\n  remotes:\n  - {url: /x, name: y}", "both 'url' and 'name'"),
        (
            "repositories:\n- path: /x\n  remotes:\n  - {url: /x, prune-ref: yes}",
            "did you mean 'prune-refs'?"
        ),
        (
            "repositories:\n- path: /x\n  remotes:\n  - {url: /x, prune-refs: maybe}",
            "'prune-refs' is not yes or no"
        ),
        (
            "repositories:\n- path: /x\n  remotes:\n  - {url: /x, into: tags}",
            "mirror.yaml:4: this remote has a wrong value: "
        ),
        ("repositories:\n- path: /x\n  remotes:\n  - {url: /x, refs: a}", "'refs' is not a list"),
        (
            "repositories:\n- path: /x\n  remotes:\n  - {url: /x, refs: [\"a@\(String(repeating: "0a", count: 32))\"]}",
            "a mirror follows its remote"
        ),
    ])
    func `A mistake in the file is told with its line, and nothing is done`(text: String, words: String)
        throws
    {
        try configure(text)
        try expectFailure(words, status: 64, unchanged: [stage.mine]) { try mirror() }
    }
}
