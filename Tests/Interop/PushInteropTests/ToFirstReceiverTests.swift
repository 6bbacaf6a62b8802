// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Our client against the version 0 receiver of ostree-push.
@Suite struct ToFirstReceiverTests {
    /// A folder for `PATH` where the receiver has the name that clients of its time started.
    private func oldMachine(_ shop: Workshop) throws -> String {
        let bin = try shop.directory.folder("bin")
        try FileManager.default.createSymbolicLink(
            atPath: "\(bin)/ostree-receive", withDestinationPath: Programs.peer("ostree-receive-0"))
        return "\(bin):/usr/bin:/bin"
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive])
    func `It takes our pushes over ssh, found under its old name`(mode: OSTreeCommand.Mode) throws {
        let shop = try Workshop(mode)
        let tree = try SampleTree(at: shop.directory.path("tree"))
        let commit = try OSTreeCommand.commit(shop.source, tree: tree.path, refs: ["a/b/strong", "a/b/weak"])
        let server = try SSHServer(environmentPath: try oldMachine(shop))
        let push = {
            try Client.push(
                ["a/b/strong", "a/b/weak"], from: shop.source, to: "localhost:\(shop.cache)", over: server,
                ["--protocol", "0"])
        }
        expectSuccess(try push())
        try expectArrived(["a/b/strong", "a/b/weak"], at: commit, in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
        let again = try push()
        expectSuccess(again)
        #expect(again.text.contains("there already"))
    }

    @Test func `It moves forward through history`() throws {
        let shop = try Workshop(.bareUser)
        let push = {
            try Client.push(
                ["branch"], from: shop.source, to: shop.cache,
                ["--protocol", "0", "--receiver", Programs.peer("ostree-receive-0")])
        }
        try shop.commit("branch", text: "1")
        expectSuccess(try push())
        try shop.commit("branch", text: "2")
        let last = try shop.commit("branch", text: "3")
        expectSuccess(try push())
        try expectArrived(["branch"], at: last, in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
    }

    @Test func `A diverged ref of it is reported, and others are pushed`() throws {
        let shop = try Workshop(.bareUser)
        let theirs = try shop.commit("branch", text: "theirs", in: shop.cache)
        let ours = try shop.commit("branch", text: "ours", following: "before")
        let other = try shop.commit("other", text: "other")
        let result = try Client.push(
            ["branch", "other"], from: shop.source, to: shop.cache,
            ["--protocol", "0", "--receiver", Programs.peer("ostree-receive-0")])
        #expect(result.failed)
        #expect(result.errorText.contains(theirs) && result.errorText.contains(ours))
        try expectArrived(["branch"], at: theirs, in: shop.cache)
        try expectArrived(["other"], at: other, in: shop.cache)
    }

    @Test func `A second name for a commit that it has moves there`() throws {
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("a/b/strong", "a/b/weak")
        for ref in ["a/b/strong", "a/b/weak"] {
            expectSuccess(
                try Client.push(
                    [ref], from: shop.source, to: shop.cache,
                    ["--protocol", "0", "--receiver", Programs.peer("ostree-receive-0")]))
        }
        try expectArrived(["a/b/strong", "a/b/weak"], at: commit, in: shop.cache)
    }

    @Test func `More objects than may be under way reach it`() throws {
        let shop = try Workshop(.bareUser)
        try SampleTree.manySmallFiles(500, at: shop.directory.path("tree"))
        let commit = try OSTreeCommand.commit(
            shop.source, tree: shop.directory.path("tree"), refs: ["many"])
        expectSuccess(
            try Client.push(
                ["many"], from: shop.source, to: shop.cache,
                ["--protocol", "0", "--receiver", Programs.peer("ostree-receive-0")]))
        try expectArrived(["many"], at: commit, in: shop.cache)
    }
}
