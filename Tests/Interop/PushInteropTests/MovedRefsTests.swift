// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Refs of the cache whose commits are no ancestors of the pushed ones.
@Suite struct MovedRefsTests {
    private let stage: Stage

    init() throws {
        stage = try Stage()
    }

    private func push(
        _ refs: [String], receiver: [String]? = nil, _ options: [String] = []
    ) throws -> ProcessResult {
        try stage.push(refs, receiver: receiver, options, environment: Stage.allCapabilities)
    }

    /// Commits an artifact, which has no parent, under its refs.
    private func build(_ refs: [String], _ text: String) throws -> String {
        for ref in refs { _ = try? OSTreeCommand.lines(stage.mine, ["refs", "--delete", ref]) }
        let commit = try stage.commit("build", text: text, parent: "none")
        for ref in refs {
            try OSTreeCommand.lines(stage.mine, ["refs", "--force", "--create=\(ref)", commit])
        }
        return commit
    }

    private func log() throws -> String {
        try stage.artifact(["repo", "log", "--repo", stage.cache, "--json"]).checked().text
    }

    @Test func `The newest artifact of an old client that rebuilds an element is there`() throws {
        let receiver = [try Programs.receiver(), stage.cache]
        let habit = ["--empty-info"]
        let first = try build(["p/e/strong1", "p/e/weak"], "1")
        expectSuccess(
            try PythonPeer.push(["p/e/strong1", "p/e/weak"], from: stage.mine, habit, to: receiver))
        let second = try build(["p/e/strong2", "p/e/weak"], "2")
        expectSuccess(
            try PythonPeer.push(["p/e/strong2", "p/e/weak"], from: stage.mine, habit, to: receiver))
        try stage.expectArrived(["p/e/strong1"], at: first)
        try stage.expectArrived(["p/e/strong2", "p/e/weak"], at: second)
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
        let ours = try push(["p/e/weak"], receiver: ["--moves", policy])
        #expect(ours.succeeded == succeeds, "\(ours.errorText)")
        try stage.expectArrived(["p/e/weak"], at: moves ? second : first)
        if policy == "never" { #expect(ours.text.contains("there already, at \(first)"), "\(ours.text)") }
        if policy == "forward" { #expect(ours.errorText.contains("--moves any"), "\(ours.errorText)") }
        // The same from a client that always says that it knows of no commit.
        let third = try build(["p/e/weak"], "3")
        let bytes = ReceiverRun.push(
            [("p/e/weak", Frame.nothing, third)], try ObjectStream(ofArchive: stage.mine))
        let old = try ReceiverRun.run(stage.cache, bytes, ["--moves", policy])
        #expect(old.succeeded == succeeds, "\(old.errorText)")
        #expect(try Reader.refs(stage.cache)["p/e/weak"] == (moves ? third : first))
        if policy == "never" { #expect(old.errorText.contains("stays at \(first)"), "\(old.errorText)") }
    }

    @Test(arguments: ["artifacts", "any"])
    func `A branch with history is replaced only by force, and only where the owner lets it`(
        policy: String
    ) throws {
        try stage.commit("os/1", text: "1", in: stage.cache)
        let theirs = try stage.commit("os/1", text: "2", in: stage.cache)
        let ours = try build(["os/1"], "ours")
        // Our commit has no parent and theirs is not here: only the cache knows that it has one.
        let unforced = try expectFailure(theirs, ours, unchanged: [stage.cache]) {
            try push(["os/1"], receiver: ["--moves", "artifacts"])
        }
        #expect(unforced.errorText.contains("--moves any"), "\(unforced.errorText)")
        try stage.commit("os/1", text: "more")
        try expectFailure("--force", status: 1, unchanged: [stage.cache]) {
            try push(["os/1"], receiver: ["--moves", policy])
        }
        let forced = try push(["os/1"], receiver: ["--moves", policy], ["--force"])
        #expect(forced.succeeded == (policy == "any"), "\(forced.errorText)")
        let tip = try OSTreeCommand.revParse(stage.mine, "os/1")
        try stage.expectArrived(["os/1"], at: policy == "any" ? tip : theirs)
    }

    @Test func `Force replaces the commit that was seen and no other`() throws {
        try stage.commit("os/1", text: "1", in: stage.cache)
        try stage.commit("os/1", text: "ours", following: "before")
        // Somebody else moves the ref when the client has been told where it is.
        let other = try stage.commit("aside", text: "other", in: stage.cache)
        let hook = try stage.program("hook", "echo \(other) > '\(stage.cache)/refs/heads/os/1'")
        let result = try push(
            ["os/1"], receiver: ["--moves", "any", "--pre-receive", hook], ["--force"])
        #expect(result.failed && result.errorText.contains("is at \(other)"), "\(result.errorText)")
        try stage.expectArrived(["os/1"], at: other)
    }

    @Test(arguments: [("keep", "never"), ("reject", "forward"), ("replace", "any")])
    func `The option that --moves replaces still starts, and says so`(old: String, new: String) throws {
        let commit = try stage.commit("a/b/c")
        let result = try push(["a/b/c"], receiver: ["--existing", old])
        expectSuccess(result)
        #expect(result.errorText.contains("--existing \(old) is gone"), "\(result.errorText)")
        #expect(result.errorText.contains("--moves \(new)"), "\(result.errorText)")
        try stage.expectArrived(["a/b/c"], at: commit)
    }
}

/// Receivers that tell nothing about refs, as BuildStream's.
@Suite struct HiddenRefsTests {
    private let stage: Stage

    init() throws {
        stage = try Stage()
    }

    private func push(_ refs: [String], told pullURL: String?, _ options: [String] = []) throws
        -> ProcessResult
    {
        let address = pullURL.map { ["--pull-url", $0] } ?? []
        return try stage.push(
            refs,
            ["--receiver", PythonPeer.receiver(["--tell-no-refs"] + address)] + options)
    }

    @Test func `Their refs are read where they are pulled from`() throws {
        let web = try WebServer(directory: stage.cache)
        let first = try stage.commit("a/b/c", text: "1")
        #expect(try push(["a/b/c"], told: web.plainURL).checked().text.contains("a/b/c: new, at \(first)"))
        let again = try push(["a/b/c"], told: web.plainURL)
        #expect(again.text.contains("a/b/c: there already, at \(first)"), "\(again.errorText)\(again.text)")
        let second = try stage.commit("a/b/c", text: "2")
        let moved = try push(["a/b/c"], told: web.plainURL)
        #expect(moved.text.contains("from \(first) to \(second)"), "\(moved.errorText)\(moved.text)")
        try stage.expectArrived(["a/b/c"], at: second)
        // With the certificate that people name for pulls.
        let trusting = try push(["a/b/c"], told: web.http2URL, ["--ca", web.caFile])
        #expect(trusting.text.contains("there already"), "\(trusting.errorText)\(trusting.text)")
    }

    @Test func `A branch that has diverged there is left alone`() throws {
        let web = try WebServer(directory: stage.cache)
        let theirs = try stage.commit("os/1", text: "theirs", in: stage.cache)
        try stage.commit("os/1", text: "ours", following: "before")
        try expectFailure(theirs, "--force", status: 1, unchanged: [stage.cache]) {
            try push(["os/1"], told: web.plainURL)
        }
        expectSuccess(try push(["os/1"], told: web.plainURL, ["--force"]))
        try stage.expectArrived(["os/1"], at: OSTreeCommand.revParse(stage.mine, "os/1"))
    }

    @Test(arguments: [nil, "http://127.0.0.1:9/", "no address"])
    func `Where nobody tells, the ref is sent and not called new`(pullURL: String?) throws {
        try stage.commit("a/b/c", text: "theirs", in: stage.cache)
        let ours = try stage.commit("a/b/c", text: "ours")
        let planned = try push(["a/b/c"], told: pullURL, ["--dry-run"])
        #expect(
            planned.text.contains("a/b/c: would be sent, at \(ours)"), "\(planned.errorText)\(planned.text)")
        let result = try push(["a/b/c"], told: pullURL, ["--json"])
        expectSuccess(result)
        #expect(result.text.contains(#""outcome":"sent""#) && !result.text.contains("new"), "\(result.text)")
        try stage.expectArrived(["a/b/c"], at: ours)
    }

    @Test func `A web server that never answers is waited for shortly`() throws {
        let server = try FaultyWebServer(directory: stage.cache) { _, _ in .delay(seconds: 60) }
        let ours = try stage.commit("a/b/c", text: "ours")
        let result = try push(["a/b/c"], told: server.url)
        #expect(result.text.contains("a/b/c: sent, at \(ours)"), "\(result.errorText)\(result.text)")
    }
}
