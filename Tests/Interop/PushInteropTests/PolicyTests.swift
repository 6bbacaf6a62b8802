// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pushes that the owner of a cache does not want.
@Suite struct PolicyTests {
    @Test(arguments: [
        (["--allow-ref", "mine/*"], true), (["--allow-ref", "theirs/*"], false),
        (["--allow-ref", "theirs/*", "--allow-ref", "*/c"], true), (["--deny-ref", "mine/*"], false),
        (["--allow-ref", "mine/*", "--deny-ref", "mine/b/*"], false),
        (["--deny-ref", "theirs/*"], true),
    ])
    func `Only refs that may be pushed move`(options: [String], isAllowed: Bool) throws {
        let stage = try Stage()
        let commit = try stage.commit("mine/b/c")
        if isAllowed {
            expectSuccess(try stage.push(["mine/b/c"], receiver: options))
            try stage.expectArrived(["mine/b/c"], at: commit)
        } else {
            try expectFailure("mine/b/c", "may not be pushed", status: 1, unchanged: [stage.cache]) {
                try stage.push(["mine/b/c"], receiver: options)
            }
        }
    }

    @Test func `A cache that is read only answers, and takes nothing`() throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        try expectFailure("takes no pushes", status: 1, unchanged: [stage.cache]) {
            try stage.push(["a/b/c"], receiver: ["--read-only"])
        }
    }

    @Test func `A read only cache takes no objects without refs either`() throws {
        let stage = try Stage(.archive)
        try stage.commit("a/b/c")
        let bytes = ReceiverRun.push([], try ObjectStream(ofArchive: stage.mine))
        try expectFailure("takes no pushes", status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, bytes, ["--read-only"])
        }
    }

    @Test(arguments: [
        ("--max-object-size", "4K", "of at most 4096"),
        ("--max-push-size", "64K", "larger than this cache takes"),
    ])
    func `What is too large is refused, and what is not arrives`(option: String, size: String, words: String)
        throws
    {
        let stage = try Stage()
        let large = try stage.directory.makeDirectory("large")
        try Data(SampleTree.noise(count: 100_000, seed: 3)).write(to: URL(fileURLWithPath: "\(large)/file"))
        _ = try OSTreeCommand.commit(stage.mine, tree: large, refs: ["large"])
        let small = try stage.commit("small")
        try expectFailure(words, status: 1, unchanged: [stage.cache]) {
            try stage.push(["large"], receiver: [option, size])
        }
        expectSuccess(try stage.push(["small"], receiver: [option, size]))
        try stage.expectArrived(["small"], at: small)
    }

    @Test func `A client that says nothing is given up on`() throws {
        let stage = try Stage()
        let silent = try RunningProcess([Programs.receiver(), "--timeout", "1", stage.cache])
        #expect(try silent.wait() == .exited(1))
        #expect(silent.errorText.contains("says nothing for 1 seconds"))
    }

    @Test(arguments: ["-1", "1.5", "12X", "M", "99999999999999999999", "20000000T"])
    func `A size that is none is refused`(size: String) throws {
        let stage = try Stage()
        let result = try run([Programs.receiver(), "--max-push-size=\(size)", stage.cache])
        #expect(result.status == .exited(64), "\(result.errorText)")
    }
}
