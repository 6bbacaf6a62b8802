// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import S3
import S3Samples
import SystemCalls
import TestSupport
import Testing

@testable import ArtifactBucket

/// Collections of garbage, alone and beside publications.
@Suite struct GarbageCollectorTests {
    private let sample: BucketSample
    private let fault = Locked<@Sendable (ScriptedServer.Request) -> ToyStore.Deviation?>({ _ in nil })
    private let store: ToyStore
    private let first: Checksum
    private let second: Checksum

    init() throws {
        sample = try BucketSample()
        store = try ToyStore { [fault] request in fault.withLock { $0 }(request) }
        store.now = Int(Date().timeIntervalSince1970)
        _ = try BucketStore.make(store.client(), author: "a test")
        first = try sample.commit("a/b/1", ["shared/file": "same\n", "own/file": "1\n"])
        second = try sample.commit("a/b/2", ["shared/file": "same\n", "own/file": "2\n"])
        try push("a/b/1", first)
        try push("a/b/2", second)
    }

    private static var times: GarbageCollector.Times {
        var times = GarbageCollector.Times()
        (times.age, times.grace, times.takeover, times.recordAge) = (.zero, .zero, .zero, .zero)
        return times
    }

    private func bucket() throws -> BucketStore { sample.store(try store.client()) }

    private func push(_ name: String, _ commit: Checksum) throws {
        try sample.push([RefEdit(ref(name), from: .mustNotExistOrKeep, to: commit)], to: bucket())
    }

    private func delete(_ name: String) throws {
        _ = try bucket().delete([RefEdit(ref(name), from: .any, to: nil)])
    }

    private func collector(_ show: @escaping (String) -> Void = { _ in }) throws -> GarbageCollector {
        GarbageCollector(try bucket(), times: GarbageCollectorTests.times, show: show)
    }

    private var objectCount: Int { store.keys.filter { $0.hasPrefix("place/objects/") }.count }

    private func setFault(_ new: @escaping @Sendable (ScriptedServer.Request) -> ToyStore.Deviation?) {
        fault.withLock { $0 = new }
    }

    @Test func `What no ref leads to goes, and all else stays and can be pushed again`() throws {
        var idle = try collector()
        #expect(try idle.run().condemned == 0)
        let all = objectCount
        try delete("a/b/1")
        var planner = try collector()
        let plan = try planner.plan()
        // The commit, its root, the directory 'own' and its file.
        #expect(plan.condemned == 4 && plan.garbageBytes > 0 && objectCount == all)
        var collector = try collector()
        let report = try collector.run()
        #expect(report.condemned == 4 && report.removed == 4)
        #expect(objectCount == all - 4)
        #expect(try OSTreeCommand.refs(sample.download(store.client())) == ["a/b/2"])
        let entry = try bucket().position.newest.entry
        #expect(entry.phase == .swept && entry.collectionNumber == 1 && entry.saved.isEmpty)
        #expect(store.keys.allSatisfy { !$0.contains("condemned") })
        try push("a/b/1", first)
        #expect(try OSTreeCommand.refs(sample.download(store.client())).sorted() == ["a/b/1", "a/b/2"])
    }

    @Test func `What a push needs before the sweep begins is saved`() throws {
        try delete("a/b/1")
        let all = objectCount
        var collector = try collector { step in
            if step.contains("waiting for pushes") {
                #expect(throws: Never.self) { try push("a/b/1", first) }
            }
        }
        _ = try collector.run()
        #expect(objectCount == all)
        #expect(try OSTreeCommand.refs(sample.download(store.client())).sorted() == ["a/b/1", "a/b/2"])
        try delete("a/b/1")
        var next = try self.collector()
        #expect(try next.run().removed == 4)
    }

    @Test func `A push behind the list, and before the entry that condemns, keeps what it needs`() throws {
        try delete("a/b/1")
        let all = objectCount
        var collector = try collector { step in
            if step.contains("condemning") { #expect(throws: Never.self) { try push("a/b/1", first) } }
        }
        _ = try collector.run()
        #expect(objectCount == all)
        try sample.download(store.client())
    }

    @Test func `During the sweep a push that needs what goes is refused, and another collector goes on`()
        throws
    {
        try delete("a/b/1")
        setFault { $0.method == "POST" ? .instead(.status(403)) : nil }
        var dying = try collector()
        #expect(throws: S3Error.self) { try dying.run() }
        setFault { _ in nil }
        #expect(try bucket().position.newest.entry.phase == .sweeping)
        let refused = #expect(throws: RepositoryError.self) { try push("a/b/1", first) }
        #expect(refused?.code == .busy)
        // Others go on.
        try push("a/b/3", second)
        var next = try collector()
        #expect(try next.run().removed == 4)
        #expect(try bucket().position.newest.entry.phase == .swept)
        try push("a/b/1", first)
        try sample.download(store.client())
        // The first one notices.
        #expect(try dying.run().removed == 0)
    }

    @Test
    func
        `Of two collectors that would sweep, the second waits, and each removal follows a reading of the log`()
        throws
    {
        try delete("a/b/1")
        // The second one begins to sweep while the first waits for pushes, so the first finds it at work.
        var isBegun = false
        var steps: [String] = []
        setFault { $0.method == "POST" ? .instead(.status(403)) : nil }
        var first = try collector { step in
            steps.append(step)
            guard step.contains("waiting for pushes"), !isBegun else { return }
            isBegun = true
            #expect(throws: S3Error.self) {
                var second = try self.collector()
                _ = try second.run()
            }
            setFault { _ in nil }
        }
        let before = store.server.requests.count
        #expect(try first.run().removed == 4)
        #expect(steps.contains("taking over"), "\(steps)")
        #expect(try bucket().position.newest.entry.phase == .swept)
        let requests = store.server.requests.dropFirst(before)
        let removal = try #require(
            requests.lastIndex {
                $0.method == "POST" && String(decoding: $0.body, as: UTF8.self).contains("/objects/")
            })
        // Commits go by a request before the others.
        let reading = requests[..<removal].last { $0.method != "POST" }
        #expect(reading?.target.contains("/bst-artifact/log/") == true)
        try sample.download(store.client())
    }

    @Test(arguments: ["SlowDown", "UnknownError"])
    func `What a store fails to remove is removed by another request`(code: String) throws {
        try delete("a/b/1")
        let isFirst = Locked(true)
        setFault { request in
            guard request.method == "POST" else { return nil }
            return isFirst.withLock { isFirst in
                defer { isFirst = false }
                let key = String(decoding: request.body, as: UTF8.self).firstMatch(of: /<Key>(.*?)<\/Key>/)
                guard isFirst, let key else { return nil }
                return .afterwards(
                    .text(
                        200,
                        "<DeleteResult><Error><Key>\(key.1)</Key><Code>\(code)</Code></Error></DeleteResult>"
                    ))
            }
        }
        var steps: [String] = []
        var collector = try collector { steps.append($0) }
        #expect(try collector.run().removed == 4)
        // It may still have its effect, unless the store says that it did nothing.
        #expect(steps.contains { $0.contains("answers were lost") } == (code == "UnknownError"))
        try sample.download(store.client())
    }

    @Test func `A removal whose answer is lost is repeated, with a reading of the log of its own`() throws {
        try delete("a/b/1")
        let isFirst = Locked(true)
        setFault { request in
            guard request.method == "POST" else { return nil }
            return isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst ? .afterwards(.close) : nil
            }
        }
        var steps: [String] = []
        var collector = try collector { steps.append($0) }
        #expect(try collector.run().removed == 4)
        #expect(steps.contains { $0.contains("answers were lost") })
        let dates = store.server.requests.filter { $0.method == "POST" && $0.headers["x-amz-date"] != nil }
        #expect(dates.count >= 2)
        try sample.download(store.client())
    }

    @Test func `Where something is missing that refs lead to, nothing is removed`() throws {
        try delete("a/b/1")
        store[try rootKey(second)] = nil
        let all = objectCount
        var collector = try collector()
        let error = #expect(throws: RepositoryError.self) { try collector.run() }
        #expect(error?.code == .missingObject)
        #expect(objectCount == all)
    }

    /// The key of a commit's root directory.
    private func rootKey(_ commit: Checksum) throws -> String {
        let name = ObjectName(commit, .commit)
        let store = try bucket()
        let bytes = try #require(try store.metadata(name))
        let tree = try bytes.withUnsafeBytes { try Commit($0, name) }.tree
        return store.withObjects { $0.key(ObjectName(tree, .dirtree)) }
    }

    @Test func `Old entries and nodes go, and what is needed of them stays`() throws {
        for round in 0..<5 {
            let edits = try (0..<40).map {
                try RefEdit(ref("many/\(round)-\($0)"), from: .mustNotExist, to: second)
            }
            try sample.push(edits, to: bucket())
        }
        func count(_ part: String) -> Int { store.keys.filter { $0.contains(part) }.count }
        let before = (entries: count("/log/"), nodes: count("/state/"))
        #expect(before.entries == 8 && before.nodes >= 3)
        var collector = try collector()
        let report = try collector.run()
        #expect(report.removedRecords > 0)
        let entry = try bucket().position.newest.entry
        #expect(count("/log/") == Int(entry.sequence - entry.base) + 1)
        #expect(count("/state/") == 2, "the roots of the base and of the newest entry")
        #expect(try bucket().refs().count == 202)
        try push("a/b/9", second)
        #expect(try bucket().refs().count == 203)
    }

    @Test func `Collectors and publishers at the same time lose nothing`() throws {
        let commits = try (0..<6).map { number in
            try sample.commit(
                "c/\(number)",
                ["a/file": "\(number % 2)\n", "b/file": "\(number % 3)\n", "own": "\(number)\n"])
        }
        let isOver = Locked(false)
        let problems = Locked<[String]>([])
        let acknowledged = Locked<[String: Checksum?]>([:])
        var threads: [SystemCalls.Thread] = []
        for number in 0..<3 {
            threads.append(
                try SystemCalls.Thread {
                    for round in 0..<12 {
                        let name = "own/\(number)/\(round % 2)"
                        do {
                            let target = round % 4 == 3 ? nil : commits[Int.random(in: 0..<commits.count)]
                            let store = try bucket()
                            let edit = RefEdit(try ref(name), from: .any, to: target)
                            if target == nil {
                                if try store.commit(of: edit.ref) != nil { _ = try store.delete([edit]) }
                            } else {
                                try sample.push([edit], to: store)
                            }
                            acknowledged.withLock { $0[name] = .some(target) }
                        } catch let error as RepositoryError
                            where error.code == .busy || error.code == .missingObject
                        {
                            // Refused, and nothing has changed.
                        } catch {
                            problems.withLock { $0.append("\(error)") }
                        }
                    }
                })
        }
        let collectors = try [true, false].map { isRepeated in
            try SystemCalls.Thread {
                // The second one takes over once, and is followed by the first.
                repeat {
                    do {
                        // Whoever takes over waits for longer than the other one goes on.
                        var times = GarbageCollectorTests.times
                        (times.renewal, times.takeover) = (.zero, .seconds(10))
                        var collector = GarbageCollector(try bucket(), times: times)
                        _ = try collector.run()
                    } catch let error as RepositoryError where error.code == .busy {
                        // The other one goes on.
                    } catch {
                        problems.withLock { $0.append("collector: \(error)") }
                    }
                } while isRepeated && !isOver.withLock { $0 }
            }
        }
        for thread in threads { thread.join() }
        isOver.withLock { $0 = true }
        for thread in collectors { thread.join() }
        #expect(problems.withLock { $0 } == [])
        let place = try sample.download(store.client())
        let store = try bucket()
        for (name, commit) in acknowledged.withLock({ $0 }) {
            #expect(try store.commit(of: ref(name)) == commit, "\(name)")
            if let commit { #expect(try OSTreeCommand.revParse(place, name) == commit.hex) }
        }
    }
}
