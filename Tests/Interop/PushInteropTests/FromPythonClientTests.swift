// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// The client of BuildStream 1.0 against our receiver.
@Suite struct FromPythonClientTests {
    /// How the client may behave.
    static let habits: [[String]] = [
        ["--tar", "posix", "--byte-order", "little"], ["--tar", "posix", "--byte-order", "big"],
        ["--tar", "gnu", "--byte-order", "little"], ["--tar", "gnu", "--byte-order", "big"],
        ["--empty-info"], ["--empty-info", "--tar", "gnu", "--byte-order", "big"],
    ]

    @Test(arguments: habits)
    func `Its pushes arrive, and are success the second time`(habit: [String]) throws {
        let shop = try Workshop()
        let tree = try SampleTree(at: shop.directory.path("tree"))
        let commit = try OSTreeCommand.commit(shop.source, tree: tree.path, refs: ["a/b/strong", "a/b/weak"])
        let push = {
            try PythonPeer.push(
                ["a/b/strong", "a/b/weak"], from: shop.source, habit,
                to: [Programs.receiver(), "--verbose", shop.cache])
        }
        expectSuccess(try push())
        try expectArrived(["a/b/strong", "a/b/weak"], at: commit, in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
        let before = try Reader.snapshot(shop.cache)
        expectSuccess(try push())
        #expect(try Reader.snapshot(shop.cache).differences(from: before) == [])
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `Its pushes over ssh to the oldest ForceCommand arrive`(mode: OSTreeCommand.Mode) throws {
        let shop = try Workshop(mode)
        let commit = try shop.commit("a/b/strong", "a/b/weak")
        let server = try SSHServer(
            forceCommand: "bst-artifact-receive --verbose \(shop.cache)",
            environmentPath: Programs.searchPath)
        let result = try PythonPeer.push(
            ["a/b/strong", "a/b/weak"], from: shop.source,
            to: server.sshCommand + [server.host, "bst-artifact-receive", "--verbose", "artifacts"])
        expectSuccess(result)
        try expectArrived(["a/b/strong", "a/b/weak"], at: commit, in: shop.cache)
    }

    @Test func `Its branches move forward, and diverged ones stay`() throws {
        let shop = try Workshop()
        let receiver = try [Programs.receiver(), "--verbose", shop.cache]
        try shop.commit("branch", text: "1")
        expectSuccess(try PythonPeer.push(["branch"], from: shop.source, to: receiver))
        try shop.commit("branch", text: "2")
        let last = try shop.commit("branch", text: "3")
        expectSuccess(try PythonPeer.push(["branch"], from: shop.source, to: receiver))
        try expectArrived(["branch"], at: last, in: shop.cache)
        let other = try Workshop()
        try other.commit("branch", text: "unrelated")
        try expectFailure("diverged", status: 1, unchanged: [shop.cache]) {
            try PythonPeer.push(["branch"], from: other.source, to: receiver)
        }
    }

    @Test(arguments: ["little", "big"])
    func `Its connection check is answered`(order: String) throws {
        let shop = try Workshop()
        let receiver = try [Programs.receiver(), "--verbose"]
        let before = try Reader.snapshot(shop.cache)
        let plain = try PythonPeer.hello(["--byte-order", order], to: receiver + [shop.cache])
        expectSuccess(plain)
        #expect(plain.lines == ["{\"mode\": 1, \"refs\": {}}"])
        let refused = try PythonPeer.hello(["--expect-pull-url"], to: receiver + [shop.cache])
        #expect(refused.status == .exited(1))
        #expect(refused.errorText.contains("no pull URL"))
        let told = try PythonPeer.hello(
            ["--expect-pull-url", "--byte-order", order],
            to: receiver + ["--pull-url", "https://cache.example.com/", shop.cache])
        expectSuccess(told)
        #expect(told.text.contains("\"pull_url\": \"https://cache.example.com/\""))
        #expect(try Reader.snapshot(shop.cache) == before)
    }

    @Test func `Its connection check over ssh is answered`() throws {
        let shop = try Workshop()
        let server = try SSHServer(
            forceCommand:
                "bst-artifact-receive --pull-url https://cache.example.com/ --verbose \(shop.cache)",
            environmentPath: Programs.searchPath)
        let result = try PythonPeer.hello(
            ["--expect-pull-url"],
            to: server.sshCommand + [server.host, "bst-artifact-receive --verbose artifacts"])
        expectSuccess(result)
        #expect(result.text.contains("https://cache.example.com/"))
    }

    @Test(arguments: ["posix", "gnu"])
    func `Its detached metadata arrives`(tar: String) throws {
        let shop = try Workshop()
        let commit = try shop.commit("a/b/c", options: ["--add-detached-metadata-string=note=keep me"])
        expectSuccess(
            try PythonPeer.push(
                ["a/b/c"], from: shop.source, ["--tar", tar], to: [Programs.receiver(), shop.cache]))
        try expectArrived(["a/b/c"], at: commit, in: shop.cache)
        #expect(try Reader.objects(shop.cache).contains("\(commit).commitmeta"))
    }

    @Test func `It is told when the cache is no archive`() throws {
        let shop = try Workshop(.archive, cache: .bareUser)
        try shop.commit("a/b/c")
        try expectFailure("not archive", status: 1, unchanged: [shop.cache]) {
            try PythonPeer.push(["a/b/c"], from: shop.source, to: [Programs.receiver(), shop.cache])
        }
    }
}
