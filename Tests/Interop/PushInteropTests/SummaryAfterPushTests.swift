// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// The cache's summary after a push, which updates it without `ostree summary`.
@Suite struct SummaryAfterPushTests {
    @Test func `The summary follows every push, and list shows it`() throws {
        let stage = try Stage()
        for ref in ["a/b", "a/c", "z"] {
            try stage.commit(ref, text: ref)
            expectSuccess(try stage.push([ref]))
            #expect(try CacheSummary.isRight(stage.cache))
        }
        let listed = try stage.artifact(["list", "--remote", stage.cache])
        #expect(listed.lines == ["a/b", "a/c", "z"], "\(listed.errorText)")
        #expect(try Reader.leftovers(stage.cache).isEmpty)
    }

    @Test(arguments: [
        ("always", false, true), ("auto", false, false), ("auto", true, true), ("never", true, false),
    ])
    func `It is updated as the owner wants`(when: String, exists: Bool, follows: Bool) throws {
        let stage = try Stage()
        if !exists { try FileManager.default.removeItem(atPath: "\(stage.cache)/summary") }
        let before = CacheSummary.content(stage.cache)
        try stage.commit("a/b")
        expectSuccess(
            try stage.push(["a/b"], receiver: ["--summary", when]))
        #expect((CacheSummary.content(stage.cache) != before) == follows)
        #expect(!CacheSummary.isRequested(stage.cache))
        if follows { #expect(try CacheSummary.isRight(stage.cache)) }
    }

    @Test(arguments: [
        ("always", [], true), ("auto", [], false), ("never", [], false), ("always", ["--read-only"], false),
    ])
    func `The first conversation with a cache makes an empty one, where the owner wants it`(
        when: String, options: [String], isMade: Bool
    ) throws {
        let stage = try Stage()
        try FileManager.default.removeItem(atPath: "\(stage.cache)/summary")
        expectSuccess(
            try PythonPeer.hello(to: [Programs.receiver(), "--summary", when] + options + [stage.cache]))
        #expect((CacheSummary.content(stage.cache) != nil) == isMade)
        if isMade { #expect(try CacheSummary.isRight(stage.cache)) }
        #expect(!CacheSummary.isRequested(stage.cache))
    }

    @Test func `A push that moves nothing leaves it alone`() throws {
        let stage = try Stage()
        try stage.commit("a/b")
        expectSuccess(try stage.push(["a/b"]))
        try expectSame(stage.cache) {
            expectSuccess(try stage.push(["a/b"]))
        }
    }

    private func expectSame(_ cache: String, _ body: () throws -> Void) throws {
        let before = try Reader.snapshot(cache)
        try body()
        #expect(try Reader.snapshot(cache).differences(from: before).isEmpty)
    }

    @Test func `A client of version 0 leaves a right summary too`() throws {
        let stage = try Stage()
        try stage.commit("a/b")
        expectSuccess(
            try stage.push(["a/b"], receiver: ["--protocol", "0"], ["--protocol", "0"]))
        #expect(try CacheSummary.isRight(stage.cache))
    }

    /// Many pushes at once, with `ostree summary -u` over and over beside them where that is wanted.
    @Test(arguments: [false, true])
    func `Of pushes that end together the summary has every ref`(besideOSTree: Bool) throws {
        let stage = try Stage()
        let refs = (0..<16).map { "project/element-\($0)/key" }
        for ref in refs { try stage.commit(ref, text: ref) }
        let isOver = Mutex(false)
        let results = Mutex<[ProcessResult]>([])
        DispatchQueue.concurrentPerform(iterations: refs.count + 1) { index in
            guard index < refs.count else {
                while besideOSTree, !isOver.withLock({ $0 }) {
                    _ = try? OSTreeCommand.attempt(stage.cache, ["summary", "-u"])
                }
                return
            }
            let result = try? stage.push([refs[index]])
            let count = results.withLock { results in
                if let result { results.append(result) }
                return results.count
            }
            if count == refs.count || result == nil { isOver.withLock { $0 = true } }
        }
        for result in results.withLock({ $0 }) { expectSuccess(result) }
        #expect(eventually { !CacheSummary.isRequested(stage.cache) })
        #expect(try Reader.refs(stage.cache).count == refs.count)
        #expect(try CacheSummary.isRight(stage.cache))
    }

    @Test func `The client does not wait for a large one`() throws {
        let stage = try Stage()
        let commit = try stage.commit("first")
        expectSuccess(try stage.push(["first"]))
        for index in 0..<8000 {
            try stage.directory.file(
                "cache/refs/heads/p/\(index % 20)/\(String(repeating: "k", count: 64))\(index)", commit + "\n"
            )
        }
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        #expect(CacheSummary.content(stage.cache)?.count ?? 0 > 1 << 20)
        try stage.commit("second", text: "second")
        expectSuccess(try stage.push(["second"]))
        #expect(eventually { !CacheSummary.isRequested(stage.cache) })
        let listed = try stage.artifact(["list", "--remote", stage.cache])
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
        let stage = try Stage()
        let commit = try stage.commit("a/b")
        expectSuccess(try stage.push(["a/b"]))
        let before = CacheSummary.content(stage.cache)
        let holder = try holdLock(of: stage.cache)
        try stage.commit("a/c", text: "c")
        expectSuccess(try stage.push(["a/c"]))
        #expect(CacheSummary.content(stage.cache) == before && CacheSummary.isRequested(stage.cache))
        // The new summary is written, and waits.
        let isWritten = eventually { CacheSummary.content(stage.cache, "tmp/summary-new")?.isEmpty == false }
        #expect(isWritten)
        if writesSummary {
            // Another's summary that knows more than the one that waits.
            try stage.directory.file("cache/refs/heads/a/late", commit + "\n")
            try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        }
        holder.closeInput()
        #expect(eventually { !CacheSummary.isRequested(stage.cache) })
        #expect(try CacheSummary.isRight(stage.cache))
        #expect(try CacheSummary.refs(stage.cache).count == (writesSummary ? 3 : 2))
    }

    @Test func `What another could not complete is completed by the next session`() throws {
        let stage = try Stage()
        try stage.commit("a/b")
        expectSuccess(
            try stage.push(["a/b"], receiver: ["--summary", "never"]))
        try stage.directory.file("cache/state/bst-artifact-summary-taken", "")
        expectSuccess(try stage.artifact(["check", "--remote", stage.cache]))
        #expect(try CacheSummary.isRight(stage.cache))
        #expect(!CacheSummary.isRequested(stage.cache))
    }
}
