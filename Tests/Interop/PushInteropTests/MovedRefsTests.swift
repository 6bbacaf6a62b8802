// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Refs that exist at the cache, with commits that are no ancestors of what is pushed.
@Suite struct MovedRefsTests {
    private let shop: Workshop

    init() throws {
        shop = try Workshop()
    }

    private func push(_ refs: [String], _ options: [String] = []) throws -> ProcessResult {
        try Client.push(
            refs, from: shop.source, to: shop.cache, options, environment: Client.allAbilities)
    }

    /// A receiver's command with an option, as `--receiver` takes it.
    private func receiver(moves policy: String) throws -> [String] {
        ["--receiver", shellWords([try Programs.receiver(), "--moves", policy])]
    }

    /// Commits an artifact, which has no parent, under its refs.
    private func build(_ refs: [String], _ text: String) throws -> String {
        for ref in refs { _ = try? OSTreeCommand.lines(shop.source, ["refs", "--delete", ref]) }
        let commit = try shop.commit("build", text: text, parent: "none")
        for ref in refs {
            try OSTreeCommand.lines(shop.source, ["refs", "--force", "--create=\(ref)", commit])
        }
        return commit
    }

    private func log() throws -> String {
        try Client.run(["repo", "log", "--repo", shop.cache, "--json"]).checked().text
    }

    @Test func `The newest artifact of an old client that rebuilds an element is there`() throws {
        let receiver = [try Programs.receiver(), shop.cache]
        let habit = ["--empty-info"]
        let first = try build(["p/e/strong1", "p/e/weak"], "1")
        expectSuccess(
            try PythonPeer.push(["p/e/strong1", "p/e/weak"], from: shop.source, habit, to: receiver))
        let second = try build(["p/e/strong2", "p/e/weak"], "2")
        expectSuccess(
            try PythonPeer.push(["p/e/strong2", "p/e/weak"], from: shop.source, habit, to: receiver))
        try expectArrived(["p/e/strong1"], at: first, in: shop.cache)
        try expectArrived(["p/e/strong2", "p/e/weak"], at: second, in: shop.cache)
        #expect(try log().contains(first) && log().contains(second))
    }

    @Test(arguments: [
        ("artifacts", true, true), ("forward", false, false), ("any", true, true), ("never", true, false),
    ])
    func `A rebuilt artifact replaces the one before where the owner lets it`(
        policy: String, succeeds: Bool, moves: Bool
    ) throws {
        let first = try build(["p/e/weak"], "1")
        expectSuccess(try push(["p/e/weak"]))
        let second = try build(["p/e/weak"], "2")
        let ours = try push(["p/e/weak"], receiver(moves: policy))
        #expect(ours.succeeded == succeeds, "\(ours.errorText)")
        try expectArrived(["p/e/weak"], at: moves ? second : first, in: shop.cache)
        if policy == "never" { #expect(ours.text.contains("there already, at \(first)"), "\(ours.text)") }
        if policy == "forward" { #expect(ours.errorText.contains("--moves any"), "\(ours.errorText)") }
        // The same from a client that always says that it knows of no commit.
        let third = try build(["p/e/weak"], "3")
        let bytes = ReceiverRun.push(
            [("p/e/weak", Frame.nothing, third)], try ObjectStream(ofArchive: shop.source))
        let old = try ReceiverRun.run(shop.cache, bytes, ["--moves", policy])
        #expect(old.succeeded == succeeds, "\(old.errorText)")
        #expect(try Reader.refs(shop.cache)["p/e/weak"] == (moves ? third : first))
        if policy == "never" { #expect(old.errorText.contains("stays at \(first)"), "\(old.errorText)") }
    }

    @Test(arguments: ["artifacts", "any"])
    func `A branch with history is replaced only by force, and only where the owner lets it`(
        policy: String
    ) throws {
        try shop.commit("os/1", text: "1", in: shop.cache)
        let theirs = try shop.commit("os/1", text: "2", in: shop.cache)
        let ours = try build(["os/1"], "ours")
        // Our commit has no parent and theirs is not here: only the cache knows that it has one.
        let unforced = try expectFailure(theirs, ours, unchanged: [shop.cache]) {
            try push(["os/1"], receiver(moves: "artifacts"))
        }
        #expect(unforced.errorText.contains("--moves any"), "\(unforced.errorText)")
        try shop.commit("os/1", text: "more")
        try expectFailure("--force", status: 1, unchanged: [shop.cache]) {
            try push(["os/1"], receiver(moves: policy))
        }
        let forced = try push(["os/1", "--force"], receiver(moves: policy))
        #expect(forced.succeeded == (policy == "any"), "\(forced.errorText)")
        let tip = try OSTreeCommand.revParse(shop.source, "os/1")
        try expectArrived(["os/1"], at: policy == "any" ? tip : theirs, in: shop.cache)
    }

    @Test func `Force replaces the commit that was seen and no other`() throws {
        try shop.commit("os/1", text: "1", in: shop.cache)
        try shop.commit("os/1", text: "ours", following: "before")
        // Somebody else moves the ref when the client has been told where it is.
        let other = try shop.commit("aside", text: "other", in: shop.cache)
        let hook = try shop.directory.file(
            "hook", "#!/bin/sh\necho \(other) > '\(shop.cache)/refs/heads/os/1'\n")
        chmod(hook, 0o755)
        let receiver = shellWords([try Programs.receiver(), "--moves", "any", "--pre-receive", hook])
        let result = try push(["os/1", "--force"], ["--receiver", receiver])
        #expect(result.failed && result.errorText.contains("is at \(other)"), "\(result.errorText)")
        try expectArrived(["os/1"], at: other, in: shop.cache)
    }

    @Test(arguments: [("keep", "never"), ("reject", "forward"), ("replace", "any")])
    func `The option that --moves replaces still starts, and says so`(old: String, new: String) throws {
        let commit = try shop.commit("a/b/c")
        let receiver = shellWords([try Programs.receiver(), "--existing", old])
        let result = try push(["a/b/c"], ["--receiver", receiver])
        expectSuccess(result)
        #expect(result.errorText.contains("--existing \(old) is gone"), "\(result.errorText)")
        #expect(result.errorText.contains("--moves \(new)"), "\(result.errorText)")
        try expectArrived(["a/b/c"], at: commit, in: shop.cache)
    }
}

/// Receivers that tell nothing about refs, as BuildStream's.
@Suite struct ReceiversThatTellNoRefsTests {
    private let shop: Workshop

    init() throws {
        shop = try Workshop()
    }

    private func push(_ refs: [String], told pullURL: String?, _ options: [String] = []) throws
        -> ProcessResult
    {
        let address = pullURL.map { ["--pull-url", $0] } ?? []
        return try Client.push(
            refs, from: shop.source, to: shop.cache,
            ["--receiver", PythonPeer.receiver(["--tell-no-refs"] + address)] + options)
    }

    @Test func `Their refs are read where they are pulled from`() throws {
        let web = try WebServer(folder: shop.cache)
        let first = try shop.commit("a/b/c", text: "1")
        #expect(try push(["a/b/c"], told: web.plainURL).checked().text.contains("a/b/c: new, at \(first)"))
        let again = try push(["a/b/c"], told: web.plainURL)
        #expect(again.text.contains("a/b/c: there already, at \(first)"), "\(again.errorText)\(again.text)")
        let second = try shop.commit("a/b/c", text: "2")
        let moved = try push(["a/b/c"], told: web.plainURL)
        #expect(moved.text.contains("from \(first) to \(second)"), "\(moved.errorText)\(moved.text)")
        try expectArrived(["a/b/c"], at: second, in: shop.cache)
        // With the certificate that people name for pulls.
        let trusting = try push(["a/b/c"], told: web.http2URL, ["--ca", web.caFile])
        #expect(trusting.text.contains("there already"), "\(trusting.errorText)\(trusting.text)")
    }

    @Test func `A branch that has diverged there is left alone`() throws {
        let web = try WebServer(folder: shop.cache)
        let theirs = try shop.commit("os/1", text: "theirs", in: shop.cache)
        try shop.commit("os/1", text: "ours", following: "before")
        try expectFailure(theirs, "--force", status: 1, unchanged: [shop.cache]) {
            try push(["os/1"], told: web.plainURL)
        }
        expectSuccess(try push(["os/1"], told: web.plainURL, ["--force"]))
        try expectArrived(["os/1"], at: OSTreeCommand.revParse(shop.source, "os/1"), in: shop.cache)
    }

    @Test(arguments: [nil, "http://127.0.0.1:9/", "no address"])
    func `Where nobody tells, the ref is sent and not called new`(pullURL: String?) throws {
        try shop.commit("a/b/c", text: "theirs", in: shop.cache)
        let ours = try shop.commit("a/b/c", text: "ours")
        let planned = try push(["a/b/c"], told: pullURL, ["--dry-run"])
        #expect(
            planned.text.contains("a/b/c: would be sent, at \(ours)"), "\(planned.errorText)\(planned.text)")
        let result = try push(["a/b/c"], told: pullURL, ["--json"])
        expectSuccess(result)
        #expect(result.text.contains(#""outcome":"sent""#) && !result.text.contains("new"), "\(result.text)")
        try expectArrived(["a/b/c"], at: ours, in: shop.cache)
    }

    @Test func `A web server that never answers is waited for shortly`() throws {
        let server = try FaultyWebServer(folder: shop.cache) { _, _ in .delay(seconds: 60) }
        let ours = try shop.commit("a/b/c", text: "ours")
        let result = try push(["a/b/c"], told: server.url)
        #expect(result.text.contains("a/b/c: sent, at \(ours)"), "\(result.errorText)\(result.text)")
    }
}
