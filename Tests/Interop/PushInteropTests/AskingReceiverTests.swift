// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Receivers that ask for what they lack: the capability ‘want’ of docs/PROTOCOL.md.
@Suite struct AskingReceiverTests {
    /// A tree of folders, of which one file can be changed.
    private struct Scene {
        let shop: Workshop
        private let tree: String

        init() throws {
            shop = try Workshop(.bareUser)
            tree = try shop.directory.folder("tree")
            for folder in 0..<20 {
                for file in 0..<10 {
                    try shop.directory.file("tree/d\(folder)/f\(file)", "folder \(folder), file \(file)")
                }
            }
        }

        /// Records the tree, with other words in one of its files.
        @discardableResult
        func commit(_ ref: String, changed: String? = nil) throws -> String {
            if let changed { try shop.directory.file("tree/d7/f3", changed) }
            // No history connects what builders make.
            return try OSTreeCommand.commit(shop.source, tree: tree, refs: [ref])
        }

        func push(_ refs: [String], _ options: [String] = [], capabilities: String? = "want,long") throws
            -> ProcessResult
        {
            let receiver = shellWords([try Programs.receiver()] + options)
            return try Client.push(
                refs, from: shop.source, to: shop.cache, ["--receiver", receiver],
                environment: ["BST_ARTIFACT_ABILITIES": capabilities])
        }

        func objectsSent(_ result: ProcessResult) throws -> Int {
            let line = try #require(result.lines.last { $0.hasPrefix("pushed ") }, "\(result.errorText)")
            return try #require(Int(line.split(separator: " ")[1]))
        }
    }

    @Test func `Only what changed is sent`() throws {
        let scene = try Scene()
        try scene.commit("first")
        let first = try scene.push(["first"])
        // 200 files, 21 dirtrees, a dirmeta, the commit.
        #expect(try scene.objectsSent(first) == 223)
        let commit = try scene.commit("second", changed: "something else")
        let second = try scene.push(["second"])
        expectSuccess(second)
        // The file, its folder, the root, the commit.
        #expect(try scene.objectsSent(second) == 4)
        try expectArrived(["second"], at: commit, in: scene.shop.cache)
        #expect(try Reader.leftovers(scene.shop.cache).isEmpty)
        // A commit that is there under another name needs nothing.
        try OSTreeCommand.attempt(scene.shop.source, ["refs", "--create=third", commit]).checked()
        let third = try scene.push(["third"])
        expectSuccess(third)
        #expect(try scene.objectsSent(third) == 0)
        try expectArrived(["third"], at: commit, in: scene.shop.cache)
    }

    @Test(arguments: ["none", "long"])
    func `Without the capability everything is sent, and arrives all the same`(capabilities: String) throws {
        let scene = try Scene()
        try scene.commit("first")
        #expect(try scene.objectsSent(scene.push(["first"], capabilities: capabilities)) == 223)
        let commit = try scene.commit("second", changed: "something else")
        #expect(try scene.objectsSent(scene.push(["second"], capabilities: capabilities)) == 223)
        try expectArrived(["second"], at: commit, in: scene.shop.cache)
    }

    @Test func `What is removed after it was looked for is asked for again`() throws {
        let scene = try Scene()
        let shop = scene.shop
        try scene.commit("first")
        expectSuccess(try scene.push(["first"]))
        // Between question and publication, a file goes that both commits need.
        let file = try #require(
            try OSTreeCommand.attempt(shop.source, ["ls", "-C", "first", "/d2/f5"]).text
                .split(separator: " ").first { $0.count == 64 }.map(String.init))
        let object = "\(shop.cache)/objects/\(file.prefix(2))/\(file.dropFirst(2)).filez"
        #expect(FileManager.default.fileExists(atPath: object))
        let hook = try shop.directory.file("hook", "#!/bin/sh\nrm -f '\(object)'\n")
        chmod(hook, 0o755)
        let commit = try scene.commit("second", changed: "something else")
        let result = try scene.push(["second"], ["--pre-receive", hook])
        expectSuccess(result)
        #expect(try scene.objectsSent(result) == 5)
        try expectArrived(["second"], at: commit, in: shop.cache)
        try OSTreeCommand.fsck(shop.cache)
    }

    @Test func `What nobody has any more is named, and nothing changes`() throws {
        let scene = try Scene()
        let shop = scene.shop
        try scene.commit("first")
        let file = try #require(
            try OSTreeCommand.attempt(shop.source, ["ls", "-C", "first", "/d2/f5"]).text
                .split(separator: " ").first { $0.count == 64 }.map(String.init))
        try FileManager.default.removeItem(
            atPath: "\(shop.source)/objects/\(file.prefix(2))/\(file.dropFirst(2)).file")
        try expectFailure("\(file).filez is missing", status: 1, unchanged: [shop.cache]) {
            try scene.push(["first"])
        }
    }

    @Test func `An interrupted push goes on where it was`() throws {
        let scene = try Scene()
        let shop = scene.shop
        let tree = shop.directory.path("tree")
        for number in 0..<3 {
            try Data(SampleTree.noise(count: 4 << 20, seed: UInt64(number))).write(
                to: URL(fileURLWithPath: "\(tree)/large\(number)"))
        }
        let commit = try scene.commit("first")
        // The receiver dies when it has most of it.
        let wrapper = try shop.directory.file(
            "receiver", "#!/bin/sh\nstdbuf -o0 head -c 9000000 | '\(try Programs.receiver())' \"$@\"\n")
        chmod(wrapper, 0o755)
        let broken = try Client.push(
            ["first"], from: shop.source, to: shop.cache, ["--receiver", wrapper],
            environment: Client.allAbilities)
        #expect(!broken.succeeded)
        let result = try scene.push(["first"])
        expectSuccess(result)
        #expect(try scene.objectsSent(result) < 226)
        try expectArrived(["first"], at: commit, in: shop.cache)
        #expect(try Reader.leftovers(shop.cache).isEmpty)
    }

    @Test func `A ref that somebody else has pushed meanwhile is reported, and nothing is sent for it`()
        throws
    {
        let scene = try Scene()
        let shop = scene.shop
        try scene.commit("first")
        let theirs = try shop.commit("first", text: "theirs", in: shop.cache)
        // A client that asks about no refs, as it would have seen the cache before.
        let hiding = try shop.directory.file(
            "receiver", "#!/bin/sh\nexec '\(try Programs.receiver())' --moves artifacts \"$@\"\n")
        chmod(hiding, 0o755)
        let moved = "\(shop.cache)/refs/heads/first"
        try FileManager.default.moveItem(atPath: moved, toPath: shop.directory.path("aside"))
        let hook = try shop.directory.file(
            "hook", "#!/bin/sh\nmv '\(shop.directory.path("aside"))' '\(moved)'\n")
        chmod(hook, 0o755)
        let result = try scene.push(["first"], ["--pre-receive", hook])
        expectSuccess(result)
        #expect(
            result.text.contains("first: there already") && result.text.contains(theirs), "\(result.text)")
        try expectArrived(["first"], at: theirs, in: shop.cache)
    }

    @Test func `A receiver gets nothing but what is pushed`() throws {
        let scene = try Scene()
        let shop = scene.shop
        let secret = try scene.commit("secret", changed: "secret")
        try scene.commit("public", changed: "public")
        let bytes = stride(from: 0, to: 64, by: 2).map { offset in
            let start = secret.index(secret.startIndex, offsetBy: offset)
            return UInt8(secret[start...].prefix(2), radix: 16)!
        }
        // It introduces itself as one that asks, accepts, and asks for another commit.
        let info = Frame.info(capabilities: ["want"])
        let want: [UInt8] = [UInt8(ascii: "l"), 1, 5, 33, 0, 4] + bytes
        let answers = try shop.directory.file("answers", info + Frame.accepted + want)
        // It takes down what it is sent before it has said anything, since it is killed as soon as it has.
        let loot = shop.directory.path("loot")
        let thief = try shop.directory.file(
            "receiver",
            "#!/bin/sh\nexec 3<&0 4>'\(loot)'\ncat <&3 >&4 &\ncat '\(answers)'; wait\n")
        chmod(thief, 0o755)
        try expectFailure("is no part of what is pushed", status: 1, unchanged: [shop.cache]) {
            try Client.push(
                ["public"], from: shop.source, to: shop.cache, ["--receiver", thief],
                environment: Client.allAbilities)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: loot)).count < 1000)
    }

    @Test func `Thousands of refs move together in one exchange`() throws {
        let scene = try Scene()
        let shop = scene.shop
        let commit = try scene.commit("first")
        let refs = (0..<3000).map { "many/ref-\($0)" }
        for ref in refs { try shop.directory.file("source/refs/heads/\(ref)", commit + "\n") }
        let log = try shop.directory.file("count", "")
        let receiver = try shop.directory.file(
            "receiver", "#!/bin/sh\necho x >> '\(log)'\nexec '\(try Programs.receiver())' \"$@\"\n")
        chmod(receiver, 0o755)
        expectSuccess(
            try Client.push(
                ["many/*"], from: shop.source, to: shop.cache, ["--receiver", receiver],
                environment: Client.allAbilities
            ))
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "x\n")
        let there = try FileManager.default.contentsOfDirectory(atPath: "\(shop.cache)/refs/heads/many")
        #expect(there.count == refs.count)
    }
}
