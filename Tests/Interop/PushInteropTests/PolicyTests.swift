// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What the owner of a cache does not want pushed.
@Suite struct PolicyTests {
    private func receiver(_ options: String...) throws -> [String] {
        ["--receiver", ([try Programs.receiver()] + options).joined(separator: " ")]
    }

    @Test(arguments: [
        (["--allow-ref", "'mine/*'"], true), (["--allow-ref", "'theirs/*'"], false),
        (["--allow-ref", "'theirs/*'", "--allow-ref", "'*/c'"], true), (["--deny-ref", "'mine/*'"], false),
        (["--allow-ref", "'mine/*'", "--deny-ref", "'mine/b/*'"], false),
        (["--deny-ref", "'theirs/*'"], true),
    ])
    func `Only refs that may be pushed move`(options: [String], isAllowed: Bool) throws {
        let shop = try Workshop()
        let commit = try shop.commit("mine/b/c")
        let command = ["--receiver", ([try Programs.receiver()] + options).joined(separator: " ")]
        if isAllowed {
            expectSuccess(try Client.push(["mine/b/c"], from: shop.source, to: shop.cache, command))
            try expectArrived(["mine/b/c"], at: commit, in: shop.cache)
        } else {
            try expectFailure("mine/b/c", "may not be pushed", status: 1, unchanged: [shop.cache]) {
                try Client.push(["mine/b/c"], from: shop.source, to: shop.cache, command)
            }
        }
    }

    @Test func `A cache that is read only answers, and takes nothing`() throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        try expectFailure("takes no pushes", status: 1, unchanged: [shop.cache]) {
            try Client.push(["a/b/c"], from: shop.source, to: shop.cache, receiver("--read-only"))
        }
    }

    @Test func `A read only cache takes no objects without refs either`() throws {
        let shop = try Workshop(.archive)
        try shop.commit("a/b/c")
        let bytes = ReceiverRun.push([], try ObjectStream(ofArchive: shop.source))
        try expectFailure("takes no pushes", status: 1, unchanged: [shop.cache]) {
            try ReceiverRun.run(shop.cache, bytes, ["--read-only"])
        }
    }

    @Test(arguments: [
        ("--max-object-size", "4K", "of at most 4096"),
        ("--max-push-size", "64K", "larger than this cache takes"),
    ])
    func `What is too large is refused, and what is not arrives`(option: String, size: String, words: String)
        throws
    {
        let shop = try Workshop()
        let large = try shop.directory.folder("large")
        try Data(SampleTree.noise(count: 100_000, seed: 3)).write(to: URL(fileURLWithPath: "\(large)/file"))
        _ = try OSTreeCommand.commit(shop.source, tree: large, refs: ["large"])
        let small = try shop.commit("small")
        try expectFailure(words, status: 1, unchanged: [shop.cache]) {
            try Client.push(["large"], from: shop.source, to: shop.cache, receiver(option, size))
        }
        expectSuccess(try Client.push(["small"], from: shop.source, to: shop.cache, receiver(option, size)))
        try expectArrived(["small"], at: small, in: shop.cache)
    }

    @Test func `A client that says nothing is given up on`() throws {
        let shop = try Workshop()
        let silent = try RunningProcess([Programs.receiver(), "--timeout", "1", shop.cache])
        #expect(try silent.wait() == .exited(1))
        #expect(silent.errorText.contains("says nothing for 1 seconds"))
    }

    @Test(arguments: ["-1", "1.5", "12X", "M", "99999999999999999999", "20000000T"])
    func `A size that is none is refused`(size: String) throws {
        let shop = try Workshop()
        let result = try run([Programs.receiver(), "--max-push-size=\(size)", shop.cache])
        #expect(result.status == .exited(64), "\(result.errorText)")
    }
}
