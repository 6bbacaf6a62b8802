// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Receivers that ask for the objects that they lack: the capability 'want' of docs/PROTOCOL.md.
@Suite struct AskingReceiverTests {
    private let stage: Stage

    /// Makes a tree of directories, of which one file can be changed.
    init() throws {
        stage = try Stage(.bareUser)
        for directory in 0..<20 {
            for file in 0..<10 {
                try stage.directory.file(
                    "tree/d\(directory)/f\(file)", "directory \(directory), file \(file)")
            }
        }
    }

    /// Records the tree, with other words in one of its files.
    @discardableResult
    private func commit(_ ref: String, changed: String? = nil) throws -> String {
        if let changed { try stage.directory.file("tree/d7/f3", changed) }
        // No history connects what builders make.
        return try OSTreeCommand.commit(stage.mine, tree: stage.tree, refs: [ref])
    }

    private func push(_ refs: [String], _ options: [String] = [], capabilities: String? = "want,long") throws
        -> ProcessResult
    {
        try stage.push(refs, receiver: options, environment: ["BST_ARTIFACT_ABILITIES": capabilities])
    }

    @Test func `Only what changed is sent`() throws {
        try commit("first")
        let first = try push(["first"])
        // 200 files, 21 dirtrees, a dirmeta, the commit.
        #expect(try objectsSent(first) == 223)
        let commit = try commit("second", changed: "something else")
        let second = try push(["second"])
        expectSuccess(second)
        // The file, its directory, the root, the commit.
        #expect(try objectsSent(second) == 4)
        try stage.expectArrived(["second"], at: commit)
        #expect(try Reader.leftovers(stage.cache).isEmpty)
        // A commit that is there under another name needs nothing.
        try OSTreeCommand.attempt(stage.mine, ["refs", "--create=third", commit]).checked()
        let third = try push(["third"])
        expectSuccess(third)
        #expect(try objectsSent(third) == 0)
        try stage.expectArrived(["third"], at: commit)
    }

    @Test(arguments: ["none", "long"])
    func `Without the capability everything is sent, and arrives all the same`(capabilities: String) throws {
        try commit("first")
        #expect(try objectsSent(push(["first"], capabilities: capabilities)) == 223)
        let commit = try commit("second", changed: "something else")
        #expect(try objectsSent(push(["second"], capabilities: capabilities)) == 223)
        try stage.expectArrived(["second"], at: commit)
    }

    @Test func `What is removed after it was looked for is asked for again`() throws {
        try commit("first")
        expectSuccess(try push(["first"]))
        // Between question and publication, a file goes that both commits need.
        let file = try #require(
            try OSTreeCommand.attempt(stage.mine, ["ls", "-C", "first", "/d2/f5"]).text
                .split(separator: " ").first { $0.count == 64 }.map(String.init))
        let object = stage.cache + ObjectPath.path("\(file).filez")
        #expect(FileManager.default.fileExists(atPath: object))
        let log = stage.directory.path("log")
        let hook = try stage.program("hook", "echo asked >> '\(log)'; rm -f '\(object)'")
        let commit = try commit("second", changed: "something else")
        let result = try push(["second"], ["--pre-receive", hook])
        expectSuccess(result)
        #expect(try objectsSent(result) == 5)
        #expect(try text(ofFile: log) == "asked\n", "the hook is asked once")
        try stage.expectArrived(["second"], at: commit)
        try OSTreeCommand.fsck(stage.cache)
    }

    @Test func `What nobody has any more is named, and nothing changes`() throws {
        try commit("first")
        let file = try #require(
            try OSTreeCommand.attempt(stage.mine, ["ls", "-C", "first", "/d2/f5"]).text
                .split(separator: " ").first { $0.count == 64 }.map(String.init))
        try FileManager.default.removeItem(
            atPath: stage.mine + ObjectPath.path("\(file).file"))
        try expectFailure("\(file).filez is missing", status: 1, unchanged: [stage.cache]) {
            try push(["first"])
        }
    }

    @Test func `An interrupted push goes on where it was`() throws {
        for number in 0..<3 {
            try Data(SampleTree.noise(count: 4 << 20, seed: UInt64(number))).write(
                to: URL(fileURLWithPath: "\(stage.tree)/large\(number)"))
        }
        let commit = try commit("first")
        // The receiver dies when it has most of it.
        let wrapper = try stage.program(
            "receiver", "stdbuf -o0 head -c 9000000 | '\(try Programs.receiver())' \"$@\"")
        let broken = try stage.push(
            ["first"], ["--receiver", wrapper],
            environment: Stage.allCapabilities)
        #expect(!broken.succeeded)
        let result = try push(["first"])
        expectSuccess(result)
        #expect(try objectsSent(result) < 226)
        try stage.expectArrived(["first"], at: commit)
        #expect(try Reader.leftovers(stage.cache).isEmpty)
    }

    @Test func `A ref that somebody else has pushed meanwhile is reported, and nothing is sent for it`()
        throws
    {
        try commit("first")
        let theirs = try stage.commit("first", text: "theirs", in: stage.cache)
        // The ref is out of sight until the client has asked about it.
        let moved = "\(stage.cache)/refs/heads/first"
        try FileManager.default.moveItem(atPath: moved, toPath: stage.directory.path("aside"))
        let hook = try stage.program("hook", "mv '\(stage.directory.path("aside"))' '\(moved)'")
        let result = try push(["first"], ["--pre-receive", hook])
        expectSuccess(result)
        #expect(
            result.text.contains("first: there already") && result.text.contains(theirs), "\(result.text)")
        try stage.expectArrived(["first"], at: theirs)
    }

    @Test func `A receiver gets nothing but what is pushed`() throws {
        let secret = try commit("secret", changed: "secret")
        try commit("public", changed: "public")
        let bytes = stride(from: 0, to: 64, by: 2).map { offset in
            let start = secret.index(secret.startIndex, offsetBy: offset)
            return UInt8(secret[start...].prefix(2), radix: 16)!
        }
        // It introduces itself as one that asks, accepts, and asks for another commit.
        let info = Frame.info(capabilities: ["want"])
        let want: [UInt8] = [UInt8(ascii: "l"), 1, 5, 33, 0, 4] + bytes
        let answers = try stage.directory.file("answers", info + Frame.accepted + want)
        // It takes down what it is sent before it has said anything, since it is killed as soon as it has.
        let loot = stage.directory.path("loot")
        let thief = try stage.program(
            "receiver", "exec 3<&0 4>'\(loot)'\ncat <&3 >&4 &\ncat '\(answers)'; wait")
        try expectFailure("is no part of what is pushed", status: 1, unchanged: [stage.cache]) {
            try stage.push(["public"], ["--receiver", thief], environment: Stage.allCapabilities)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: loot)).count < 1000)
    }

    @Test func `Thousands of refs move together in one exchange`() throws {
        let commit = try commit("first")
        let refs = (0..<3000).map { "many/ref-\($0)" }
        for ref in refs { try stage.directory.file("mine/refs/heads/\(ref)", commit + "\n") }
        let log = try stage.directory.file("count", "")
        let receiver = try stage.program(
            "receiver", "echo x >> '\(log)'\nexec '\(try Programs.receiver())' \"$@\"")
        expectSuccess(
            try stage.push(
                ["many/*"], ["--receiver", receiver],
                environment: Stage.allCapabilities
            ))
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "x\n")
        let there = try FileManager.default.contentsOfDirectory(atPath: "\(stage.cache)/refs/heads/many")
        #expect(there.count == refs.count)
    }
}
