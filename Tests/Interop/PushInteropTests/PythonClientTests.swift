// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// The client of BuildStream 1.0 against our receiver.
@Suite struct PythonClientTests {
    /// Options of the client.
    static let habits: [[String]] = [
        ["--tar", "posix", "--byte-order", "little"], ["--tar", "posix", "--byte-order", "big"],
        ["--tar", "gnu", "--byte-order", "little"], ["--tar", "gnu", "--byte-order", "big"],
        ["--empty-info"], ["--empty-info", "--tar", "gnu", "--byte-order", "big"],
    ]

    @Test(arguments: habits)
    func `Its pushes arrive, and are success the second time`(habit: [String]) throws {
        let stage = try Stage()
        let push = {
            try PythonPeer.push(
                Stage.sampleRefs, from: stage.mine, habit,
                to: [Programs.receiver(), "--verbose", stage.cache])
        }
        try stage.expectSampleArrives(by: push)
        let before = try Reader.snapshot(stage.cache)
        expectSuccess(try push())
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `Its pushes over ssh to the oldest ForceCommand arrive`(mode: OSTreeCommand.Mode) throws {
        let stage = try Stage(mode)
        let commit = try stage.commit("a/b/strong", "a/b/weak")
        let server = try SSHServer(
            forceCommand: "bst-artifact-receive --verbose \(stage.cache)",
            environmentPath: Programs.searchPath)
        let result = try PythonPeer.push(
            ["a/b/strong", "a/b/weak"], from: stage.mine,
            to: server.sshCommand + [server.host, "bst-artifact-receive", "--verbose", "artifacts"])
        expectSuccess(result)
        try stage.expectArrived(["a/b/strong", "a/b/weak"], at: commit)
    }

    @Test func `Its branches move forward, and diverged ones stay`() throws {
        let stage = try Stage()
        let receiver = try [Programs.receiver(), "--verbose", stage.cache]
        try stage.commit("branch", text: "1")
        expectSuccess(try PythonPeer.push(["branch"], from: stage.mine, to: receiver))
        try stage.commit("branch", text: "2")
        let last = try stage.commit("branch", text: "3")
        expectSuccess(try PythonPeer.push(["branch"], from: stage.mine, to: receiver))
        try stage.expectArrived(["branch"], at: last)
        let other = try Stage()
        try other.commit("branch", text: "unrelated")
        try expectFailure("diverged", status: 1, unchanged: [stage.cache]) {
            try PythonPeer.push(["branch"], from: other.mine, to: receiver)
        }
    }

    @Test(arguments: ["little", "big"])
    func `Its connection check is answered`(order: String) throws {
        let stage = try Stage()
        let receiver = try [Programs.receiver(), "--verbose"]
        let before = try Reader.snapshot(stage.cache)
        let plain = try PythonPeer.hello(["--byte-order", order], to: receiver + [stage.cache])
        expectSuccess(plain)
        #expect(plain.lines == ["{\"mode\": 1, \"refs\": {}}"])
        let refused = try PythonPeer.hello(["--expect-pull-url"], to: receiver + [stage.cache])
        #expect(refused.status == .exited(1))
        #expect(refused.errorText.contains("no pull URL"))
        let told = try PythonPeer.hello(
            ["--expect-pull-url", "--byte-order", order],
            to: receiver + ["--pull-url", "https://cache.example.com/", stage.cache])
        expectSuccess(told)
        #expect(told.text.contains("\"pull_url\": \"https://cache.example.com/\""))
        #expect(try Reader.snapshot(stage.cache) == before)
    }

    @Test func `Its connection check over ssh is answered`() throws {
        let stage = try Stage()
        let server = try SSHServer(
            forceCommand:
                "bst-artifact-receive --pull-url https://cache.example.com/ --verbose \(stage.cache)",
            environmentPath: Programs.searchPath)
        let result = try PythonPeer.hello(
            ["--expect-pull-url"],
            to: server.sshCommand + [server.host, "bst-artifact-receive --verbose artifacts"])
        expectSuccess(result)
        #expect(result.text.contains("https://cache.example.com/"))
    }

    @Test(arguments: ["posix", "gnu"])
    func `Its detached metadata arrives`(tar: String) throws {
        let stage = try Stage()
        let commit = try stage.commit("a/b/c", options: ["--add-detached-metadata-string=note=keep me"])
        expectSuccess(
            try PythonPeer.push(
                ["a/b/c"], from: stage.mine, ["--tar", tar], to: [Programs.receiver(), stage.cache]))
        try stage.expectArrived(["a/b/c"], at: commit)
        #expect(try Reader.objects(stage.cache).contains("\(commit).commitmeta"))
    }

    @Test func `It is told when the cache is no archive`() throws {
        let stage = try Stage(.archive, cache: .bareUser)
        try stage.commit("a/b/c")
        try expectFailure("not archive", status: 1, unchanged: [stage.cache]) {
            try PythonPeer.push(["a/b/c"], from: stage.mine, to: [Programs.receiver(), stage.cache])
        }
    }
}
