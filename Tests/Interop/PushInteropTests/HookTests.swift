// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Programs of the cache's owner that are asked before a push is published, and told afterwards.
@Suite struct HookTests {
    private let stage: Stage
    private var log: String { stage.directory.path("log") }

    init() throws {
        stage = try Stage()
    }

    private var lines: [String] {
        ((try? text(ofFile: log)) ?? "").split(separator: "\n").map(String.init)
    }

    @Test func `Both hear of each ref with its old and its new commit`() throws {
        let first = try stage.commit("a/b/c")
        let write = "while read -r line; do echo \"$0 $1 $line\" >> '\(log)'; done"
        let options = [
            "--pre-receive", try stage.program("before", write), "--post-receive",
            try stage.program("after", write),
        ]
        expectSuccess(try stage.push(["a/b/c"], receiver: options))
        let (before, after) = (stage.directory.path("before"), stage.directory.path("after"))
        let line = "\(stage.cache) \(Frame.nothing) \(first) a/b/c"
        #expect(lines == ["\(before) \(line)", "\(after) \(line)"])
        // Nothing moves, so nobody is asked.
        expectSuccess(try stage.push(["a/b/c"], receiver: options))
        #expect(lines.count == 2)
    }

    @Test func `The first one refuses by failing, and its words reach the client`() throws {
        try stage.commit("a/b/c")
        let hook = try stage.program("before", "cat > /dev/null; echo 'not on a Sunday'; exit 3")
        let after = try stage.program("after", "touch '\(log)'")
        try expectFailure(
            "not on a Sunday", "pre-receive", "status 3", status: 1, unchanged: [stage.cache]
        ) {
            try stage.push(["a/b/c"], receiver: ["--pre-receive", hook, "--post-receive", after])
        }
        #expect(!FileManager.default.fileExists(atPath: log))
    }

    @Test(arguments: ["exit 0", "yes | head -c 300000; exit 0", "kill -9 $$"])
    func `What the second one does changes nothing`(script: String) throws {
        let commit = try stage.commit("a/b/c")
        expectSuccess(
            try stage.push(["a/b/c"], receiver: ["--post-receive", try stage.program("after", script)]))
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    @Test func `One that does not read its input is no failure, and one that does not exist is`() throws {
        let commit = try stage.commit("a/b/c")
        try expectFailure("cannot be run", status: 1, unchanged: [stage.cache]) {
            try stage.push(["a/b/c"], receiver: ["--pre-receive", "/nowhere/hook"])
        }
        expectSuccess(
            try stage.push(["a/b/c"], receiver: ["--pre-receive", try stage.program("before", "exit 0")]))
        try stage.expectArrived(["a/b/c"], at: commit)
    }
}
