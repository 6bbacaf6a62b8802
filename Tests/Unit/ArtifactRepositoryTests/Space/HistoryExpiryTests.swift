// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Expiry of the history of refs.
@Suite struct HistoryExpiryTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
    }

    private static let day = 86_400
    private let now = time(nil)

    /// Pushes commits to a ref, each on top of the one before and a day younger; the last was made today. Each has a file of
    /// its own, and one of the commit before.
    ///
    /// - Returns: the commits, the newest first.
    @discardableResult
    private func push(_ count: Int, to ref: String, files first: Int = 0) throws -> [SampleArtifact] {
        var made: [SampleArtifact] = []
        for number in 0..<count {
            let commit = SampleArtifact(
                "\(ref) \(number)", files: (first + number)...(first + number + 1),
                parent: made.first?.checksum, time: now - (count - 1 - number) * HistoryExpiryTests.day)
            try repository.push(commit, as: ref, usedBefore: 100)
            made.insert(commit, at: 0)
        }
        return made
    }

    private func expiry(_ rules: Expiry.HistoryRule...) -> Expiry {
        var limits = Expiry.Limits()
        limits.history = rules
        return Expiry(repository, limits: limits)
    }

    private func cuts(_ report: Expiry.Report) -> [String] {
        report.shortened.map { "\($0.ref): \($0.keptCommits) kept, \($0.removedCommits) removed" }
    }

    /// The number of a history's commits that are here, which must be the newest ones.
    private func kept(_ history: [SampleArtifact], line: Int = #line) throws -> Int {
        let present = try history.map { try repository.contains($0.commit.name) }
        #expect(present == present.sorted { $0 && !$1 }, "without a gap")
        return present.count { $0 }
    }

    @Test func `The last commits of a ref stay, and exactly what ostree prune leaves`() throws {
        let history = try push(5, to: "os/1")
        for commit in history {
            try repository.ostree(
                "static-delta", "generate", "--empty", "--disable-bsdiff", "--to=\(commit.checksum)")
        }
        try run(["cp", "-a", repository.path, "\(scratch.path)/pruned"]).checked()
        let pruned = try Repository("\(scratch.path)/pruned")
        try pruned.ostree("prune", "--refs-only", "--depth=1")

        let before = try repository.visibleFiles()
        let plan = try expiry(.init(.commits(2))).plan()
        #expect(try repository.visibleFiles() == before)
        let report = try expiry(.init(.commits(2))).run()
        #expect(report == plan)
        #expect(report.expired == [] && report.excessBytes == 0)
        #expect(cuts(report) == ["os/1: 2 kept, 3 removed"])
        #expect(try repository.objectNames() == pruned.objectNames())
        #expect(try repository.ostree("static-delta", "list") == pruned.ostree("static-delta", "list"))
        #expect(try repository.allocatedBytes() == report.bytesBefore - report.freedBytes)
        #expect(try repository.commit(of: .named("os/1")) == history[0].checksum)
        try repository.ostree("fsck")
        // A second time there is nothing to do.
        let again = try expiry(.init(.commits(2))).run()
        #expect(again.shortened == [] && again.freedBytes == 0)
    }

    @Test func `Without a rule for a ref all of its history stays, and pinned refs have none`() throws {
        let os = try push(4, to: "os/1")
        let pinned = try push(4, to: "os/pinned", files: 20)
        let other = try push(4, to: "app/1", files: 40)
        _ = try repository.pin(["os/pin*"])
        #expect(try expiry(.init(.commits(1), for: "os/*")).run().shortened.map(\.ref.text) == ["os/1"])
        #expect(try [kept(os), kept(pinned), kept(other)] == [1, 4, 4])
        try repository.ostree("fsck")
    }

    @Test(
        arguments: [
            ([.init(.commits(3))], 3), ([.init(.commits(.max))], 6), ([.init(.commits(0))], 1),
            ([.init(.since(-2))], 3), ([.init(.since(1))], 1), ([.init(.since(-99))], 6),
            // What either keeps stays.
            ([.init(.commits(2)), .init(.since(-3))], 4), ([.init(.commits(5)), .init(.since(-3))], 5),
            // The last of a kind that applies counts.
            ([.init(.commits(5)), .init(.commits(2), for: "o*1")], 2),
            ([.init(.commits(5), for: "o*"), .init(.commits(2), for: "x*")], 5),
            ([.init(.commits(2)), .init(.commits(.max), for: "os/1")], 6),
        ] as [([Expiry.HistoryRule], Int)])
    func `Rules keep commits by their number or their age`(rules: [Expiry.HistoryRule], count: Int) throws {
        let history = try push(6, to: "os/1")
        var limits = Expiry.Limits()
        limits.history = rules.map { rule in
            // Days from now, a minute earlier.
            guard case .since(let days) = rule.limit else { return rule }
            return .init(.since(now + days * HistoryExpiryTests.day - 60), for: rule.pattern)
        }
        _ = try Expiry(repository, limits: limits).run()
        #expect(try kept(history) == count)
        try repository.ostree("fsck")
    }

    @Test func `What other refs need stays, whatever their kind`() throws {
        let history = try push(6, to: "os/1")
        func write(_ path: String, _ commit: SampleArtifact) throws {
            let path = "\(repository.path)/refs/\(path)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Data("\(commit.checksum)\n".utf8).write(to: URL(fileURLWithPath: "\(path)/ref"))
        }
        try repository.push([], RefEdit(.named("release/1"), from: .any, to: history[2].checksum))
        let report = try expiry(.init(.commits(1))).run()
        #expect(cuts(report) == ["os/1: 2 kept, 4 removed", "release/1: 1 kept, 3 removed"])
        #expect(
            try history.map { try repository.contains($0.commit.name) } == [
                true, false, true, false, false, false,
            ])
        try repository.ostree("fsck")

        let mirrored = try push(3, to: "os/2", files: 20)
        try write("mirrors/org.example.OS/os/2", mirrored[1])
        _ = try expiry(.init(.commits(1))).run()
        #expect(try kept(mirrored) == 3, "the rules are not for refs of mirrors")
        try repository.ostree("fsck")
    }

    @Test func `Where a history is cut is noted, as long as that is its end`() throws {
        let history = try push(5, to: "os/1")
        let other = try push(1, to: "app/1", files: 20)
        let note = "\(repository.path)/state/bst-artifact-cut-history"
        _ = try expiry(.init(.commits(9))).run()
        #expect(!FileManager.default.fileExists(atPath: note))
        _ = try expiry(.init(.commits(3))).run()
        #expect(try String(contentsOfFile: note, encoding: .utf8) == "\(history[3].checksum)\n")
        _ = try expiry(.init(.commits(2))).run()
        #expect(try String(contentsOfFile: note, encoding: .utf8) == "\(history[2].checksum)\n")
        #expect(try history.map { try repository.isCut($0.checksum) } == [false, false, true, false, false])
        // Something else is cut, and this end stays.
        let more = try push(2, to: "os/2", files: 30)
        _ = try expiry(.init(.commits(1), for: "os/2")).run()
        #expect(try repository.isCut(history[2].checksum) && repository.isCut(more[1].checksum))
        try repository.ostree("refs", "--delete", "os")
        _ = try expiry(.init(.commits(1))).run()
        #expect(try String(contentsOfFile: note, encoding: .utf8).isEmpty)
        #expect(try kept(other) == 1)
    }

    @Test func `What was cut is not asked for again as somebody's parent, nor what has a tombstone`() throws {
        let history = try push(3, to: "os/1")
        let lost = SampleArtifact("lost", files: 30...31)
        func wanted(onTopOf parent: SampleArtifact) throws -> [ObjectName] {
            let next = SampleArtifact("next", files: 40...40, parent: parent.checksum)
            let quarantine = try repository.makeQuarantine(.transient)
            defer { quarantine.discard() }
            for object in next.objects { try quarantine.take(object) }
            let missing = MissingObjects(in: quarantine, ancestors: .untilStored)
            try missing.add(next.checksum)
            var names: [ObjectName] = []
            while let name = try missing.next() { names.append(name) }
            return names.filter { $0.type == .commit }
        }
        #expect(try wanted(onTopOf: lost) == [lost.commit.name])
        _ = try expiry(.init(.commits(1))).run()
        #expect(try wanted(onTopOf: history[0]) == [])
        #expect(try wanted(onTopOf: history[1]) == [])
        #expect(
            try wanted(onTopOf: history[2]) == [history[2].commit.name], "this one is nobody's parent here")
        let hex = lost.checksum.hex
        let directory = "\(repository.path)/objects/\(hex.prefix(2))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(directory)/\(hex.dropFirst(2)).tombstone-commit"))
        #expect(try wanted(onTopOf: lost) == [])
    }

    private func publish(_ commit: SampleArtifact, as ref: String, _ quarantine: any Quarantine) throws {
        _ = try quarantine.publish(
            [RefEdit(.named(ref), from: .any, to: commit.checksum)], moves: .forward, merging: .keepsStored)
    }

    @Test func `A push that builds upon history while that is cut is published whole`() throws {
        let history = try push(4, to: "os/1")
        let next = SampleArtifact("next", files: 50...50, parent: history[0].checksum)
        // The same files as a commit that goes.
        let branch = SampleArtifact("branch", files: 0...1, parent: history[3].checksum)
        let quarantines = try (0..<2).map { _ in try repository.makeQuarantine(.transient) }
        defer { for quarantine in quarantines { quarantine.discard() } }
        for object in next.objects { try quarantines[0].take(object) }
        for object in branch.objects { try quarantines[1].take(object) }

        _ = try expiry(.init(.commits(1), for: "os/*")).run()
        #expect(try kept(history) == 1)
        try publish(next, as: "os/1", quarantines[0])
        try publish(branch, as: "branch", quarantines[1])
        #expect(try (next.objects + branch.objects).allSatisfy { try repository.contains($0.name) })
        try repository.ostree("fsck")
    }

    @Test
    func `A push that relied on history that is cut meanwhile is refused, by the name of what is missing`()
        throws
    {
        let history = try push(4, to: "os/1")
        let branch = SampleArtifact("branch", files: 0...1, parent: history[3].checksum)
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        // Everything else was there when it looked.
        try quarantine.take(branch.commit)
        _ = try expiry(.init(.commits(1))).run()
        let error = #expect(throws: RepositoryError.self) { try publish(branch, as: "branch", quarantine) }
        #expect(error?.code == .missingObject)
        #expect(try repository.refs().map(\.ref.text) == ["os/1"])
        try repository.ostree("fsck")
    }

    @Test func `ostree follows what is left, with all history that there is`() throws {
        let history = try push(4, to: "os/1")
        _ = try expiry(.init(.commits(2))).run()
        #expect(try repository.ostree("log", "os/1").contains("History beyond this commit not fetched"))
        let copy = try scratch.repository(.archive, "copy")
        try copy.ostree("pull-local", "--depth=-1", repository.path, "os/1")
        #expect(try history.map { try copy.contains($0.commit.name) } == [true, true, false, false])
        try copy.ostree("fsck")
    }

    @Test func `Limits of space count what the rules leave`() throws {
        let history = try push(4, to: "os/1")
        try repository.push(SampleArtifact("old", files: 60...70), as: "old", usedBefore: 9000)
        var limits = Expiry.Limits()
        limits.history = [.init(.commits(2))]
        limits.maximumSize = try repository.allocatedBytes() - 10
        let first = try Expiry(repository, limits: limits).run()
        #expect(first.expired == [] && first.shortened.map(\.removedCommits) == [2])
        limits.maximumSize = 200_000
        let second = try Expiry(repository, limits: limits).run()
        #expect(second.expired.map(\.ref.text) == ["old"] && second.shortened.map(\.keptCommits) == [1])
        #expect(try kept(history) == 1)
        #expect(try repository.isCut(history[1].checksum))
        try repository.ostree("fsck")
    }
}
