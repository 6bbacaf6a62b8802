// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// After a push, the cache's summary has what was pushed, and nobody ran `ostree summary`.
@Suite struct SummaryAfterPushTests {
    private func receiver(_ options: [String]) throws -> [String] {
        ["--receiver", shellWords([try Programs.receiver()] + options)]
    }

    @Test func `The summary follows every push, and list shows it`() throws {
        let shop = try Workshop()
        for ref in ["a/b", "a/c", "z"] {
            try shop.commit(ref, text: ref)
            expectSuccess(try Client.push([ref], from: shop.source, to: shop.cache))
            #expect(try CacheSummary.isRight(shop.cache))
        }
        let listed = try Client.run(["list", "--remote", shop.cache])
        #expect(listed.lines == ["a/b", "a/c", "z"], "\(listed.errorText)")
        #expect(try Reader.leftovers(shop.cache).isEmpty)
    }

    @Test(arguments: [
        ("always", false, true), ("auto", false, false), ("auto", true, true), ("never", true, false),
    ])
    func `It is updated as the owner wants`(when: String, exists: Bool, follows: Bool) throws {
        let shop = try Workshop()
        if !exists { try FileManager.default.removeItem(atPath: "\(shop.cache)/summary") }
        let before = CacheSummary.content(shop.cache)
        try shop.commit("a/b")
        expectSuccess(
            try Client.push(["a/b"], from: shop.source, to: shop.cache, receiver(["--summary", when])))
        #expect((CacheSummary.content(shop.cache) != before) == follows)
        #expect(!CacheSummary.isRequested(shop.cache))
        if follows { #expect(try CacheSummary.isRight(shop.cache)) }
    }

    @Test(arguments: [
        ("always", [], true), ("auto", [], false), ("never", [], false), ("always", ["--read-only"], false),
    ])
    func `The first conversation with a cache makes an empty one, where the owner wants it`(
        when: String, options: [String], isMade: Bool
    ) throws {
        let shop = try Workshop()
        try FileManager.default.removeItem(atPath: "\(shop.cache)/summary")
        expectSuccess(
            try PythonPeer.hello(to: [Programs.receiver(), "--summary", when] + options + [shop.cache]))
        #expect((CacheSummary.content(shop.cache) != nil) == isMade)
        if isMade { #expect(try CacheSummary.isRight(shop.cache)) }
        #expect(!CacheSummary.isRequested(shop.cache))
    }

    @Test func `A push that moves nothing leaves it alone`() throws {
        let shop = try Workshop()
        try shop.commit("a/b")
        expectSuccess(try Client.push(["a/b"], from: shop.source, to: shop.cache))
        try expectSame(shop.cache) {
            expectSuccess(try Client.push(["a/b"], from: shop.source, to: shop.cache))
        }
    }

    private func expectSame(_ cache: String, _ body: () throws -> Void) throws {
        let before = try Reader.snapshot(cache)
        try body()
        #expect(try Reader.snapshot(cache).differences(from: before).isEmpty)
    }

    @Test func `A client of version 0 leaves a right summary too`() throws {
        let shop = try Workshop()
        try shop.commit("a/b")
        expectSuccess(
            try Client.push(
                ["a/b"], from: shop.source, to: shop.cache,
                ["--protocol", "0"] + receiver(["--protocol", "0"])))
        #expect(try CacheSummary.isRight(shop.cache))
    }

    /// Many pushes at once, with `ostree summary -u` over and over beside them where that is wanted.
    @Test(arguments: [false, true])
    func `Of pushes that end together the summary has every ref`(besideOSTree: Bool) throws {
        let shop = try Workshop()
        let refs = (0..<16).map { "project/element-\($0)/key" }
        for ref in refs { try shop.commit(ref, text: ref) }
        let isOver = Mutex(false)
        let results = Mutex<[ProcessResult]>([])
        DispatchQueue.concurrentPerform(iterations: refs.count + 1) { index in
            guard index < refs.count else {
                while besideOSTree, !isOver.withLock({ $0 }) {
                    _ = try? OSTreeCommand.attempt(shop.cache, ["summary", "-u"])
                }
                return
            }
            let result = try? Client.push([refs[index]], from: shop.source, to: shop.cache)
            let count = results.withLock { results in
                if let result { results.append(result) }
                return results.count
            }
            if count == refs.count || result == nil { isOver.withLock { $0 = true } }
        }
        for result in results.withLock({ $0 }) { expectSuccess(result) }
        #expect(eventually(within: 60) { !CacheSummary.isRequested(shop.cache) })
        #expect(try Reader.refs(shop.cache).count == refs.count)
        #expect(try CacheSummary.isRight(shop.cache))
    }

    @Test func `The client does not wait for a large one`() throws {
        let shop = try Workshop()
        let commit = try shop.commit("first")
        expectSuccess(try Client.push(["first"], from: shop.source, to: shop.cache))
        for index in 0..<8000 {
            try shop.directory.file(
                "cache/refs/heads/p/\(index % 20)/\(String(repeating: "k", count: 64))\(index)", commit + "\n"
            )
        }
        try OSTreeCommand.lines(shop.cache, ["summary", "-u"])
        #expect(CacheSummary.content(shop.cache)?.count ?? 0 > 1 << 20)
        try shop.commit("second", text: "second")
        expectSuccess(try Client.push(["second"], from: shop.source, to: shop.cache))
        #expect(eventually(within: 60) { !CacheSummary.isRequested(shop.cache) })
        let listed = try Client.run(["list", "--remote", shop.cache])
        #expect(listed.lines.count == 8002 && listed.lines.last == "second")
    }

    /// Holds libostree's lock, shared, as `ostree summary -u` does while it works, until its input is closed.
    private func holdLock(of cache: String) throws -> RunningProcess {
        let holder = try RunningProcess([
            "/usr/bin/python3", "-c",
            """
            import fcntl, struct, sys
            lock = open(sys.argv[1], "r+")
            fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
            print("locked", flush=True)
            sys.stdin.read()
            """, "\(cache)/.lock",
        ])
        #expect(try holder.readLine() == "locked")
        return holder
    }

    @Test(arguments: [false, true])
    func `Who holds the repository's lock delays the summary, not the push`(writesSummary: Bool) throws {
        let shop = try Workshop()
        let commit = try shop.commit("a/b")
        expectSuccess(try Client.push(["a/b"], from: shop.source, to: shop.cache))
        let before = CacheSummary.content(shop.cache)
        let holder = try holdLock(of: shop.cache)
        try shop.commit("a/c", text: "c")
        expectSuccess(try Client.push(["a/c"], from: shop.source, to: shop.cache))
        #expect(CacheSummary.content(shop.cache) == before && CacheSummary.isRequested(shop.cache))
        // The new summary is written, and waits.
        let isWritten = eventually { CacheSummary.content(shop.cache, "tmp/summary-new")?.isEmpty == false }
        #expect(isWritten)
        if writesSummary {
            // Another's summary that knows more than the one that waits.
            try shop.directory.file("cache/refs/heads/a/late", commit + "\n")
            try OSTreeCommand.lines(shop.cache, ["summary", "-u"])
        }
        holder.closeInput()
        #expect(eventually(within: 30) { !CacheSummary.isRequested(shop.cache) })
        #expect(try CacheSummary.isRight(shop.cache))
        #expect(try CacheSummary.refs(shop.cache).count == (writesSummary ? 3 : 2))
    }

    @Test func `What another could not complete is completed by the next session`() throws {
        let shop = try Workshop()
        try shop.commit("a/b")
        expectSuccess(
            try Client.push(["a/b"], from: shop.source, to: shop.cache, receiver(["--summary", "never"])))
        try shop.directory.file("cache/state/bst-artifact-summary-taken", "")
        expectSuccess(try Client.run(["check", "--remote", shop.cache]))
        #expect(try CacheSummary.isRight(shop.cache))
        #expect(!CacheSummary.isRequested(shop.cache))
    }
}
