// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Our client against the version 0 receiver of ostree-push.
@Suite struct FirstReceiverTests {
    /// A directory for `PATH` where the receiver has the name that clients of its time started.
    private func oldMachine(_ stage: Stage) throws -> String {
        let bin = try stage.directory.makeDirectory("bin")
        try FileManager.default.createSymbolicLink(
            atPath: "\(bin)/ostree-receive", withDestinationPath: Programs.peer("ostree-receive-0"))
        return "\(bin):/usr/bin:/bin"
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `It takes our pushes over ssh, found under its old name`(mode: OSTreeCommand.Mode) throws {
        let stage = try Stage(mode)
        let server = try SSHServer(environmentPath: try oldMachine(stage))
        let push = {
            try stage.push(
                Stage.sampleRefs, to: "localhost:\(stage.cache)", over: server, ["--protocol", "0"])
        }
        try stage.expectSampleArrives(by: push)
        #expect(try push().checked().text.contains("there already"))
    }

    @Test func `It moves forward through history`() throws {
        let stage = try Stage(.bareUser)
        let push = {
            try stage.push(
                ["branch"],
                ["--protocol", "0", "--receiver", Programs.peer("ostree-receive-0")])
        }
        try stage.commit("branch", text: "1")
        expectSuccess(try push())
        try stage.commit("branch", text: "2")
        let last = try stage.commit("branch", text: "3")
        expectSuccess(try push())
        try stage.expectArrived(["branch"], at: last)
        #expect(try Reader.objects(stage.cache) == Reader.objects(stage.mine))
    }

    @Test func `A diverged ref of it is reported, and others are pushed`() throws {
        let stage = try Stage(.bareUser)
        let theirs = try stage.commit("branch", text: "theirs", in: stage.cache)
        let ours = try stage.commit("branch", text: "ours", following: "before")
        let other = try stage.commit("other", text: "other")
        let result = try stage.push(
            ["branch", "other"],
            ["--protocol", "0", "--receiver", Programs.peer("ostree-receive-0")])
        #expect(result.failed)
        #expect(result.errorText.contains(theirs) && result.errorText.contains(ours))
        try stage.expectArrived(["branch"], at: theirs)
        try stage.expectArrived(["other"], at: other)
    }

    @Test func `A second name for a commit that it has moves there`() throws {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("a/b/strong", "a/b/weak")
        for ref in ["a/b/strong", "a/b/weak"] {
            expectSuccess(
                try stage.push(
                    [ref],
                    ["--protocol", "0", "--receiver", Programs.peer("ostree-receive-0")]))
        }
        try stage.expectArrived(["a/b/strong", "a/b/weak"], at: commit)
    }

    @Test func `More objects than may be under way reach it`() throws {
        let stage = try Stage(.bareUser)
        try SampleTree.manySmallFiles(500, at: stage.directory.path("tree"))
        let commit = try OSTreeCommand.commit(
            stage.mine, tree: stage.directory.path("tree"), refs: ["many"])
        expectSuccess(
            try stage.push(
                ["many"],
                ["--protocol", "0", "--receiver", Programs.peer("ostree-receive-0")]))
        try stage.expectArrived(["many"], at: commit)
    }
}
