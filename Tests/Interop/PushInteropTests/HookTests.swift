// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Programs of the cache's owner that are asked before a push is published, and told afterwards.
@Suite struct HookTests {
    private struct Scene {
        let shop: Workshop
        var log: String { shop.directory.path("log") }

        init() throws {
            shop = try Workshop()
        }

        func hook(_ name: String, _ script: String) throws -> String {
            let path = try shop.directory.file(name, "#!/bin/sh\n\(script)\n")
            chmod(path, 0o755)
            return path
        }

        func push(_ refs: [String], _ options: [String]) throws -> ProcessResult {
            let receiver = shellWords([try Programs.receiver()] + options)
            return try Client.push(refs, from: shop.source, to: shop.cache, ["--receiver", receiver])
        }

        var lines: [String] {
            ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n").map(
                String.init)
        }
    }

    @Test func `Both hear of each ref with its old and its new commit`() throws {
        let scene = try Scene()
        let first = try scene.shop.commit("a/b/c")
        let write = "while read -r line; do echo \"$0 $1 $line\" >> '\(scene.log)'; done"
        let options = [
            "--pre-receive", try scene.hook("before", write), "--post-receive",
            try scene.hook("after", write),
        ]
        expectSuccess(try scene.push(["a/b/c"], options))
        let (before, after) = (scene.shop.directory.path("before"), scene.shop.directory.path("after"))
        let line = "\(scene.shop.cache) \(Frame.nothing) \(first) a/b/c"
        #expect(scene.lines == ["\(before) \(line)", "\(after) \(line)"])
        // Nothing moves, so nobody is asked.
        expectSuccess(try scene.push(["a/b/c"], options))
        #expect(scene.lines.count == 2)
    }

    @Test func `The first one refuses by failing, and its words reach the client`() throws {
        let scene = try Scene()
        try scene.shop.commit("a/b/c")
        let hook = try scene.hook("before", "cat > /dev/null; echo 'not on a Sunday'; exit 3")
        let after = try scene.hook("after", "touch '\(scene.log)'")
        try expectFailure(
            "not on a Sunday", "pre-receive", "status 3", status: 1, unchanged: [scene.shop.cache]
        ) {
            try scene.push(["a/b/c"], ["--pre-receive", hook, "--post-receive", after])
        }
        #expect(!FileManager.default.fileExists(atPath: scene.log))
    }

    @Test(arguments: ["exit 0", "yes | head -c 300000; exit 0", "kill -9 $$"])
    func `What the second one does changes nothing`(script: String) throws {
        let scene = try Scene()
        let commit = try scene.shop.commit("a/b/c")
        expectSuccess(try scene.push(["a/b/c"], ["--post-receive", try scene.hook("after", script)]))
        try expectArrived(["a/b/c"], at: commit, in: scene.shop.cache)
    }

    @Test func `One that does not read its input is no failure, and one that does not exist is`() throws {
        let scene = try Scene()
        let commit = try scene.shop.commit("a/b/c")
        try expectFailure("cannot be run", status: 1, unchanged: [scene.shop.cache]) {
            try scene.push(["a/b/c"], ["--pre-receive", "/nowhere/hook"])
        }
        expectSuccess(try scene.push(["a/b/c"], ["--pre-receive", try scene.hook("before", "exit 0")]))
        try expectArrived(["a/b/c"], at: commit, in: scene.shop.cache)
    }
}
