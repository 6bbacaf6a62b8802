// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Our client against the receiver of BuildStream 1.0.
@Suite struct ToPythonReceiverTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `It takes our pushes over ssh`(mode: OSTreeCommand.Mode) throws {
        let shop = try Workshop(mode)
        let tree = try SampleTree(at: shop.directory.path("tree"))
        let commit = try OSTreeCommand.commit(shop.source, tree: tree.path, refs: ["a/b/strong", "a/b/weak"])
        let server = try SSHServer()
        let push = {
            try Client.push(
                ["a/b/strong", "a/b/weak"], from: shop.source, to: "localhost:\(shop.cache)", over: server,
                ["--receiver", PythonPeer.receiver()])
        }
        expectSuccess(try push())
        try expectArrived(["a/b/strong", "a/b/weak"], at: commit, in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
        let again = try push()
        expectSuccess(again)
        #expect(again.text.contains("there already"))
    }

    @Test(arguments: ["little", "big"])
    func `It takes our pushes over a pipe, whatever its byte order`(order: String) throws {
        let shop = try Workshop(.bareUser)
        let receiver = try PythonPeer.receiver(["--byte-order", order])
        let push = {
            try Client.push(["branch"], from: shop.source, to: shop.cache, ["--receiver", receiver])
        }
        for text in ["1", "2", "3"] {
            let commit = try shop.commit("branch", text: text)
            expectSuccess(try push())
            try expectArrived(["branch"], at: commit, in: shop.cache)
        }
        // History between: two commits at once.
        try shop.commit("branch", text: "4")
        let last = try shop.commit("branch", text: "5")
        expectSuccess(try push())
        try expectArrived(["branch"], at: last, in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
    }

    @Test func `A diverged ref of it is reported`() throws {
        let shop = try Workshop()
        let theirs = try shop.commit("branch", text: "theirs", in: shop.cache)
        let ours = try shop.commit("branch", text: "ours", following: "before")
        try expectFailure(theirs, ours, "not an ancestor", status: 1, unchanged: [shop.cache]) {
            try Client.push(
                ["branch"], from: shop.source, to: shop.cache, ["--receiver", PythonPeer.receiver()])
        }
    }

    @Test func `check prints what it tells`() throws {
        let shop = try Workshop()
        for (options, answer) in [
            (["--pull-url", "https://cache.example.com/"], "https://cache.example.com/"), ([], "not told"),
        ] {
            let result = try Client.run([
                "check", "--remote", shop.cache, "--receiver", PythonPeer.receiver(options),
            ])
            expectSuccess(result)
            #expect(result.text.contains(answer))
        }
    }

    @Test func `Detached metadata reaches it`() throws {
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("a/b/c", options: ["--add-detached-metadata-string=note=keep me"])
        expectSuccess(
            try Client.push(
                ["a/b/c"], from: shop.source, to: shop.cache, ["--receiver", PythonPeer.receiver()]))
        try expectArrived(["a/b/c"], at: commit, in: shop.cache)
        #expect(try Reader.objects(shop.cache).contains("\(commit).commitmeta"))
    }
}
