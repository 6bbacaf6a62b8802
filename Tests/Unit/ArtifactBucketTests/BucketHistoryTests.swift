// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import S3
import S3Samples
import TestSupport
import Testing

@testable import ArtifactBucket

/// Collections of garbage that cut histories. Commit N of a history of six has a file of its own, and one that it shares with the
/// others; the ref `main` is at the last one.
@Suite struct BucketHistoryTests {
    private let sample: BucketSample
    private let store: ToyStore
    private let commits: [Checksum]

    init() throws {
        sample = try BucketSample()
        store = try ToyStore()
        store.now = Int(Date().timeIntervalSince1970)
        _ = try BucketStore.make(store.client(), author: "a test")
        var parent = "none"
        var commits: [Checksum] = []
        for number in 1...6 {
            let tree = sample.directory.path("tree-\(number)")
            try sample.directory.file("tree-\(number)/shared/file", "same\n")
            try sample.directory.file("tree-\(number)/own/file", "\(number)\n")
            parent = try OSTreeCommand.commit(
                sample.source.path, tree: tree, refs: ["main"], parent: parent,
                options: ["--fsync=false", "--timestamp=@\(BucketHistoryTests.time(number))"])
            commits.append(try #require(Checksum(hex: parent)))
        }
        self.commits = commits
    }

    private static func time(_ number: Int) -> Int { 1_000_000 + number * 1000 }

    private func bucket() throws -> BucketStore { sample.store(try store.client()) }

    @discardableResult
    private func push(_ name: String, _ number: Int) throws -> [ObjectName] {
        try sample.push([RefEdit(ref(name), from: .any, to: commits[number - 1])], to: bucket()).objects
    }

    private func collector(
        _ rules: [Expiry.HistoryRule], age: Duration = .zero, _ show: @escaping (String) -> Void = { _ in }
    ) throws -> GarbageCollector {
        var times = GarbageCollector.Times()
        (times.age, times.grace, times.takeover, times.recordAge) = (age, .zero, .zero, .zero)
        return GarbageCollector(try bucket(), times: times, history: rules, show: show)
    }

    private func collect(
        _ rules: [Expiry.HistoryRule], age: Duration = .zero, _ show: @escaping (String) -> Void = { _ in }
    ) throws -> GarbageCollector.Report {
        var collector = try collector(rules, age: age, show)
        return try collector.run()
    }

    /// Returns the numbers of the commits that are there, after a look at the whole trees of all of them.
    private func kept() throws -> [Int] {
        try sample.download(store.client())
        let bucket = try bucket()
        return commits.indices.filter { index in
            let name = ObjectName(commits[index], .commit)
            return store[bucket.withObjects { $0.key(name) }] != nil
        }.map { $0 + 1 }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let rules: [Expiry.HistoryRule]
        let kept: [Int]
        var testDescription: String { "\(rules.map(\.limit)): \(kept)" }

        init(_ kept: [Int], _ rules: Expiry.HistoryRule...) { (self.rules, self.kept) = (rules, kept) }
    }

    @Test(arguments: [
        Case([3, 4, 5, 6], .init(.commits(2))),
        // The history of 'main' ends before the commit of the other ref.
        Case([4, 6], .init(.commits(1))),
        // A commit is met with less history to be kept first, or last.
        Case([2, 3, 4, 5, 6], .init(.commits(5), for: "main")),
        Case([2, 3, 4, 5, 6], .init(.commits(1)), .init(.commits(5), for: "main")),
        Case([1, 2, 3, 4, 6], .init(.commits(1), for: "main"), .init(.commits(.max), for: "old")),
        Case([2, 3, 4, 5, 6], .init(.commits(4), for: "main"), .init(.commits(3), for: "old")),
        Case([4, 5, 6], .init(.since(time(5)))),
        Case([3, 4, 5, 6], .init(.since(time(4))), .init(.commits(2))),
        Case([2, 3, 4, 6], .init(.commits(1), for: "main"), .init(.since(time(2)), for: "old")),
        Case([2, 3, 4, 5, 6], .init(.commits(5), for: "main"), .init(.since(time(4)), for: "old")),
    ])
    func `Of a history stays what a rule of some ref keeps, with all that it needs`(_ given: Case) throws {
        try push("main", 6)
        try push("old", 4)
        // Of those to which no rule applies, all history stays.
        let rules = [.init(.commits(1))] + given.rules
        var planner = try collector(rules)
        let plan = try planner.plan()
        #expect(try kept() == Array(1...6))
        let report = try collect(rules)
        #expect(try kept() == given.kept)
        let removed = 6 - given.kept.count
        #expect(plan.condemnedCommits == removed && report.condemnedCommits == removed)
        // Each has a commit, a root, a directory and a file of its own.
        #expect(plan.condemned == 4 * removed && report.removed == 4 * removed)
        #expect(try collect(rules).removed == 0)
        #expect(try collect([]).removed == 0)
        #expect(try kept() == given.kept)
    }

    @Test func `Where no rule applies to a ref, and where it is pinned, all its history stays`() throws {
        try push("main", 6)
        #expect(try collect([.init(.commits(1), for: "other")]).removed == 0)
        _ = try bucket().pin(["main"])
        #expect(try collect([.init(.commits(1))]).removed == 0)
        _ = try bucket().unpin(["main"])
        // Pinned when the garbage is listed, and not condemned yet.
        let report = try collect([.init(.commits(1))]) { step in
            if step.hasPrefix("condemning") {
                #expect(throws: Never.self) { try bucket().pin(["main"]) }
            }
        }
        #expect(report.condemnedCommits == 5 && report.removed == 0)
        #expect(try kept() == Array(1...6))
    }

    @Test(arguments: ["condemning", "waiting for pushes"])
    func `A publication that names an ancestor before the sweep keeps it`(_ time: String) throws {
        try push("main", 6)
        let report = try collect([.init(.commits(1))]) { step in
            if step.hasPrefix(time) { #expect(throws: Never.self) { try push("old", 3) } }
        }
        #expect(report.condemnedCommits == 5)
        // Of refs that came meanwhile, the rules keep the commit, and the client has sent those before.
        #expect(try kept() == (time == "condemning" ? [3, 6] : [1, 2, 3, 6]))
        #expect(try bucket().commit(of: ref("old")) == commits[2])
    }

    @Test
    func `An ancestor that was cut before, and is published again while garbage is condemned, is whole`()
        throws
    {
        try push("main", 6)
        _ = try collect([.init(.commits(1))])
        #expect(try kept() == [6])
        // Something with the content of commit 5, and no ref.
        let other = try sample.commit("other", ["own/file": "5\n"])
        try sample.push([RefEdit(ref("other"), from: .mustNotExist, to: other)], to: bucket())
        _ = try bucket().delete([RefEdit(ref("other"), from: .any, to: nil)])
        let report = try collect([.init(.commits(1))]) { step in
            if step.hasPrefix("condemning") { #expect(throws: Never.self) { try push("old", 5) } }
        }
        #expect(report.condemned > 0)
        #expect(try kept().suffix(2) == [5, 6])
    }

    @Test
    func
        `An ancestor of which a directory is missing, and is put again while garbage is condemned, is whole`()
        throws
    {
        try push("main", 6)
        // After another collection, nobody takes directories for complete.
        try sample.push(
            [RefEdit(ref("other"), from: .mustNotExist, to: sample.commit("other", ["other": "6\n"]))],
            to: bucket())
        _ = try bucket().delete([RefEdit(ref("other"), from: .any, to: nil)])
        _ = try collect([])
        // Its file is there, and nothing leads to it.
        let lost = try OSTreeCommand.lines(
            sample.source.path, ["ls", "--dironly", "--checksum", commits[4].hex, "/own"])
        let digest = try #require(
            lost.first?.split(separator: " ").first { $0.count == 64 }.flatMap { Checksum(hex: String($0)) })
        let key = try bucket().withObjects { $0.key(ObjectName(digest, .dirtree)) }
        #expect(store[key] != nil)
        store[key] = nil
        let report = try collect([]) { step in
            if step.hasPrefix("condemning") { #expect(throws: Never.self) { try push("old", 5) } }
        }
        #expect(report.condemned > 0 && store[key] != nil)
        #expect(try kept() == [1, 2, 3, 4, 5, 6])
    }

    @Test func `A young ancestor stays with its old files`() throws {
        let now = store.now
        store.now = now - 10 * 86_400
        let old = try sample.commit("other", ["own/file": "5\n"])
        try sample.push([RefEdit(ref("other"), from: .mustNotExist, to: old)], to: bucket())
        try push("main", 4)
        store.now = now
        try push("main", 6)
        _ = try bucket().delete([RefEdit(ref("other"), from: .any, to: nil)])
        let report = try collect([.init(.commits(1))], age: .seconds(86_400))
        #expect(report.condemnedCommits == 5)
        #expect(try kept() == [5, 6])
    }

    @Test func `Where a history was cut is noted as long as it is, and pushes do not fill it in`() throws {
        func cut() throws -> [Int] {
            let bucket = try bucket()
            return try (1...6).filter { try bucket.isCut(commits[$0 - 1]) }
        }
        try push("main", 4)
        #expect(try cut() == [])
        _ = try collect([.init(.commits(2))])
        #expect(try cut() == [2])
        _ = try collect([])
        #expect(try cut() == [2])
        var search = HistorySearch(in: try bucket(), .thorough)
        #expect(try search.end(of: commits[3]) == nil)
        #expect(try push("main", 6).filter { $0.type == .commit }.count == 2)
        #expect(try kept() == [3, 4, 5, 6])
        _ = try collect([.init(.commits(2))])
        #expect(try cut() == [4])
        // A commit that is sent again is there as any other, and so is what was before it.
        try push("old", 4)
        #expect(try kept() == [1, 2, 3, 4, 5, 6])
        _ = try collect([])
        #expect(try cut() == [])
    }

    @Test func `Commits are removed before what they need, so a history that is being cut is whole`() throws {
        try push("main", 6)
        let before = store.server.requests.count
        _ = try collect([.init(.commits(1))])
        let removals = store.server.requests.dropFirst(before).filter { $0.method == "POST" }
            .map { String(decoding: $0.body, as: UTF8.self) }.filter { $0.contains("/objects/") }
        #expect(removals.count == 2)
        #expect(removals.first?.contains(".filez") == false)
        #expect(removals.last?.contains(".commit<") == false)
    }
}
