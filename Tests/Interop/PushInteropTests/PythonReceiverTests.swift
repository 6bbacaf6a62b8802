// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Our client against the receiver of BuildStream 1.0.
@Suite struct PythonReceiverTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `It takes our pushes over ssh`(mode: OSTreeCommand.Mode) throws {
        let stage = try Stage(mode)
        let server = try SSHServer()
        let push = {
            try stage.push(
                Stage.sampleRefs, to: "localhost:\(stage.cache)", over: server,
                ["--receiver", PythonPeer.receiver()])
        }
        try stage.expectSampleArrives(by: push)
        #expect(try push().checked().text.contains("there already"))
    }

    @Test(arguments: ["little", "big"])
    func `It takes our pushes over a pipe, whatever its byte order`(order: String) throws {
        let stage = try Stage(.bareUser)
        let receiver = try PythonPeer.receiver(["--byte-order", order])
        let push = {
            try stage.push(["branch"], ["--receiver", receiver])
        }
        for text in ["1", "2", "3"] {
            let commit = try stage.commit("branch", text: text)
            expectSuccess(try push())
            try stage.expectArrived(["branch"], at: commit)
        }
        // History between: two commits at once.
        try stage.commit("branch", text: "4")
        let last = try stage.commit("branch", text: "5")
        expectSuccess(try push())
        try stage.expectArrived(["branch"], at: last)
        #expect(try Reader.objects(stage.cache) == Reader.objects(stage.mine))
    }

    @Test func `A diverged ref of it is reported`() throws {
        let stage = try Stage()
        let theirs = try stage.commit("branch", text: "theirs", in: stage.cache)
        let ours = try stage.commit("branch", text: "ours", following: "before")
        try expectFailure(theirs, ours, "not an ancestor", status: 1, unchanged: [stage.cache]) {
            try stage.push(["branch"], ["--receiver", PythonPeer.receiver()])
        }
    }

    @Test func `check prints what it tells`() throws {
        let stage = try Stage()
        for (options, answer) in [
            (["--pull-url", "https://cache.example.com/"], "https://cache.example.com/"), ([], "not told"),
        ] {
            let result = try stage.artifact([
                "check", "--remote", stage.cache, "--receiver", PythonPeer.receiver(options),
            ])
            expectSuccess(result)
            #expect(result.text.contains(answer))
        }
    }

    @Test func `Detached metadata reaches it`() throws {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("a/b/c", options: ["--add-detached-metadata-string=note=keep me"])
        expectSuccess(
            try stage.push(["a/b/c"], ["--receiver", PythonPeer.receiver()]))
        try stage.expectArrived(["a/b/c"], at: commit)
        #expect(try Reader.objects(stage.cache).contains("\(commit).commitmeta"))
    }
}
