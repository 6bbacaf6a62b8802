// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Making room.
@Suite struct ExpiryTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
    }

    private func expiry(_ maximum: UInt64, keeping kept: String...) -> Expiry {
        var limits = Expiry.Limits()
        limits.maximumSize = maximum
        limits.kept = kept
        return Expiry(repository, limits: limits)
    }

    /// Three artifacts of ten files of 40 KiB each, of different age, that share one file.
    private func fill() throws -> [SampleArtifact] {
        let artifacts = [
            SampleArtifact("a", files: 0...10), SampleArtifact("b", files: 10...20),
            SampleArtifact("c", files: 20...30),
        ]
        try repository.push(artifacts[0], as: "p/middle", usedBefore: 2000)
        try repository.push(artifacts[1], as: "p/oldest", usedBefore: 3000)
        try repository.push(artifacts[2], as: "p/newest", usedBefore: 1000)
        return artifacts
    }

    private var refs: [String] { get throws { try repository.refs().map(\.ref.text) } }

    @Test func `Making room takes the least recently used first, and exactly what nothing else needs`() throws
    {
        _ = try fill()
        let before = try repository.objectBytes()
        #expect(try repository.allocatedBytes() == before)
        // What ostree would leave.
        try run(["cp", "-a", repository.path, "\(scratch.path)/pruned"]).checked()
        let pruned = try Repository("\(scratch.path)/pruned")
        try pruned.ostree("refs", "--delete", "p/oldest")
        try pruned.ostree("prune", "--refs-only")

        let report = try expiry(before - 100_000).run()
        #expect(report.expired.map(\.ref.text) == ["p/oldest"])
        #expect(report.bytesBefore == before && report.excessBytes == 0)
        #expect(try report.freedBytes == before - repository.objectBytes())
        #expect(try refs == ["p/middle", "p/newest"])
        #expect(try repository.objectNames() == pruned.objectNames())
        #expect(try repository.allocatedBytes() == repository.objectBytes(), "what is remembered is right")
        try repository.ostree("fsck")

        // With less room two go, the older one first.
        let both = try expiry(10_000).run()
        #expect(both.expired.map(\.ref.text) == ["p/middle", "p/newest"])
        #expect(try repository.objectNames().isEmpty && refs.isEmpty)
    }

    @Test func `Making room changes nothing where there is room, nor when it only plans`() throws {
        _ = try fill()
        let bytes = try repository.allocatedBytes()
        let before = try repository.visibleFiles()
        #expect(try expiry(bytes).run() == Expiry(repository, limits: .init()).run())
        let plan = try expiry(bytes / 2).plan()
        #expect(plan.expired.map(\.ref.text) == ["p/oldest", "p/middle"] && plan.freedBytes > bytes / 2)
        #expect(try repository.visibleFiles() == before)
    }

    @Test func `Making room leaves what is pinned, and says what is too much then`() throws {
        _ = try fill()
        let report = try expiry(1000, keeping: "p/old*", "q/*").run()
        #expect(report.expired.map(\.ref.text) == ["p/middle", "p/newest"])
        #expect(try refs == ["p/oldest"])
        #expect(try report.excessBytes > 400_000 && report.excessBytes < repository.objectBytes())
        try repository.ostree("fsck")
    }

    @Test func `Making room costs nothing for another name of what stays, however old`() throws {
        let artifact = SampleArtifact("a", files: 0...10)
        try repository.push(artifact, as: "p/strong", usedBefore: 10)
        try repository.push(artifact, as: "p/weak", usedBefore: 9000)
        try repository.push(SampleArtifact("b", files: 20...30), as: "p/other", usedBefore: 5000)
        let report = try expiry(600_000).run()
        #expect(report.expired.map(\.ref.text) == ["p/other"])
        #expect(try refs == ["p/strong", "p/weak"])
    }

    @Test
    func `Making room takes an alias and its target for one: use of one, and a pin of one, count for both`()
        throws
    {
        let artifacts = try fill()
        try repository.ostree("refs", "--alias", "--create=stable", "p/oldest")
        try repository.ostree("refs", "--alias", "--create=deep/er/stable", "stable")
        let plan = try expiry(1_000_000).plan()
        #expect(plan.expired.map(\.ref.text) == ["p/middle"], "the alias was made just now")
        for link in ["stable", "deep/er/stable"] {
            try run(["touch", "-h", "-d", "2020-01-01", "\(repository.path)/refs/heads/\(link)"]).checked()
        }
        #expect(try expiry(1_000_000).plan().expired.first?.commit == artifacts[1].checksum)
        _ = try repository.pin(["deep/*"])
        let kept = try expiry(1000).run()
        #expect(kept.expired.map(\.ref.text) == ["p/middle", "p/newest"] && kept.excessBytes > 0)
        #expect(try refs == ["deep/er/stable", "p/oldest", "stable"])
        _ = try repository.unpin(["deep/*"])
        #expect(
            try Set(expiry(1000).run().expired.map(\.ref.text)) == ["deep/er/stable", "p/oldest", "stable"])
        #expect(try refs.isEmpty && repository.refListing().leftOut.isEmpty)
        try repository.ostree("refs")
        try repository.ostree("fsck")
    }

    @Test func `Making room keeps what refs of remotes and mirrors need`() throws {
        let artifacts = try fill()
        for (directory, artifact) in zip(["remotes/origin", "mirrors/org.example.Cache"], artifacts) {
            let path = "\(repository.path)/refs/\(directory)/p"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Data("\(artifact.checksum)\n".utf8).write(to: URL(fileURLWithPath: "\(path)/ref"))
        }
        _ = try expiry(1000).run()
        #expect(try refs.isEmpty)
        let left = try repository.objectNames()
        for artifact in artifacts[..<2] {
            #expect(try artifact.objects.allSatisfy { try repository.contains($0.name) })
        }
        #expect(left.count == Set((artifacts[0].objects + artifacts[1].objects).map(\.name)).count)
        try repository.ostree("fsck")
    }

    @Test(arguments: [ObjectType.commit, .dirtree])
    func `Making room lets nothing go that is needed by what it cannot read`(type: ObjectType) throws {
        let artifact = try fill()[2]
        let name = try #require(artifact.objects.first { $0.name.type == type }?.name)
        let hex = name.checksum.hex
        let path = "\(repository.path)/objects/\(hex.prefix(2))/\(hex.dropFirst(2)).\(type.rawValue)"
        // Not even root can open that.
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        #expect(throws: (any Error).self) { try expiry(600_000).run() }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        #expect(try artifact.objects.allSatisfy { try repository.contains($0.name) })
        try repository.ostree("fsck")
    }

    @Test
    func `Making room plans what it does where refs of remotes and unusable refs hold objects`() throws {
        let artifacts = try fill()
        let remote = "\(repository.path)/refs/remotes/origin/p"
        try FileManager.default.createDirectory(atPath: remote, withIntermediateDirectories: true)
        try Data("\(artifacts[0].checksum)\n".utf8).write(to: URL(fileURLWithPath: "\(remote)/ref"))
        let unusable = String(repeating: "f", count: 64)
        // Nobody makes such a ref on purpose, but libostree lists it.
        try Data("\(artifacts[1].checksum)\n".utf8).write(
            to: URL(fileURLWithPath: "\(repository.path)/refs/heads/\(unusable)"))
        let plan = try expiry(1000).plan()
        #expect(plan.excessBytes > 800_000 && plan.leftOut.map(\.name) == [unusable])
        #expect(plan.expired.map(\.ref.text) == ["p/oldest", "p/middle", "p/newest"])
        let report = try expiry(1000).run()
        #expect(report == plan)
        #expect(try repository.objectBytes() == report.bytesBefore - report.freedBytes)
        try repository.ostree("fsck")
    }

    @Test
    func
        `Making room takes static deltas with the commits that they lead to, as ostree does, and counts them`()
        throws
    {
        let artifacts = try fill()
        let objects = try repository.objectBytes()
        func generate(_ from: String?, _ to: Int) throws {
            try repository.ostree(
                "static-delta", "generate", "--disable-bsdiff", from.map { "--from=\($0)" } ?? "--empty",
                "--to=\(artifacts[to].checksum)")
        }
        // a is p/middle, b is p/oldest, c is p/newest.
        try generate(nil, 1)
        try generate("\(artifacts[0].checksum)", 1)
        try generate("\(artifacts[1].checksum)", 2)
        try repository.ostree("static-delta", "reindex")
        let total = try repository.allocatedBytes()
        #expect(total > objects + 1_000_000)
        let statistics = try repository.statistics()
        #expect(statistics.allocatedBytes == total && statistics.reachableBytes == total)

        let plan = try expiry(total - 200_000).plan()
        let report = try expiry(total - 200_000).run()
        #expect(report == plan && report.expired.map(\.ref.text) == ["p/oldest"])
        #expect(try repository.allocatedBytes() == total - report.freedBytes)
        #expect(report.freedBytes > 1_000_000)
        let left = try repository.ostree("static-delta", "list")
        #expect(left == "\(artifacts[1].checksum)-\(artifacts[2].checksum)\n")
        let indexes = try FileManager.default.subpathsOfDirectory(atPath: "\(repository.path)/delta-indexes")
        #expect(indexes.count { $0.hasSuffix(".index") } == 1)
        try repository.ostree("fsck")
    }

    @Test
    func `Making room leaves tombstones where the configuration wants them, as ostree does`() throws {
        let artifacts = try fill()
        try repository.ostree("config", "set", "core.tombstone-commits", "true")
        let other = "\(scratch.path)/other"
        try run(["cp", "-a", repository.path, other]).checked()
        try OSTreeCommand.lines(other, ["refs", "--delete", "p/oldest"])
        try OSTreeCommand.lines(other, ["prune", "--refs-only"])
        // Opened anew, since the configuration has changed.
        var limits = Expiry.Limits()
        limits.maximumSize = 1_000_000
        _ = try Expiry(Repository(repository.path), limits: limits).run()
        let hex = artifacts[1].checksum.hex
        let path = "objects/\(hex.prefix(2))/\(hex.dropFirst(2)).tombstone-commit"
        let ours = try Data(contentsOf: URL(fileURLWithPath: "\(repository.path)/\(path)"))
        #expect(try ours == Data(contentsOf: URL(fileURLWithPath: "\(other)/\(path)")))
        #expect(try !repository.contains(artifacts[1].commit.name))
        try repository.ostree("fsck")
    }

    @Test func `Making room lets history go before any ref, and keeps it while there is room`() throws {
        let old = SampleArtifact("1", files: 0...10)
        let new = SampleArtifact("2", files: 20...30, parent: old.checksum)
        let other = SampleArtifact("3", files: 40...50)
        try repository.push(old, as: "branch", usedBefore: 100)
        try repository.push(new, as: "branch", usedBefore: 100)
        try repository.push(other, as: "other", usedBefore: 9000)
        // Objects that nothing needs at all make room before.
        try repository.push(SampleArtifact("4", files: 60...70), as: "gone", usedBefore: 1)
        try repository.ostree("refs", "--delete", "gone")
        let total = try repository.objectBytes()
        #expect(try expiry(total - 300_000).run().expired == [])
        #expect(try repository.contains(old.commit.name))
        #expect(try repository.objectBytes() < total - 300_000)
        let second = try expiry(1_000_000).run()
        #expect(second.expired == [] && second.freedBytes > 0)
        #expect(try !repository.contains(old.commit.name))
        #expect(try (new.objects + other.objects).allSatisfy { try repository.contains($0.name) })
        try repository.ostree("fsck")
    }

    @Test func `Making room gives up nothing for what cannot fit, whatever number a client names`() throws {
        _ = try fill()
        _ = try repository.allocatedBytes()
        let before = try repository.visibleFiles()
        for bytes in [2_000_000, UInt64.max - 5, .max] {
            let report = try expiry(1_500_000).run(addingBytes: bytes)
            #expect(report.expired == [] && report.freedBytes == 0 && report.excessBytes > 0)
        }
        var limits = Expiry.Limits()
        limits.minimumFree = 1 << 60
        #expect(try Expiry(repository, limits: limits).run(addingBytes: .max).excessBytes > 0)
        // Kept refs leave too little.
        #expect(try expiry(1_500_000, keeping: "p/*").run(addingBytes: 900_000).expired == [])
        #expect(
            try expiry(1_500_000).run(
                addingBytes: 900_000,
                needing: [
                    .named("p/oldest"), .named("p/middle"), .named("p/newest"),
                ]
            ).expired == [])
        #expect(try repository.visibleFiles() == before)
        #expect(
            try expiry(1_500_000).run(addingBytes: 900_000).expired.map(\.ref.text) == [
                "p/oldest", "p/middle",
            ])
    }

    @Test func `Making room makes room on the disk`() throws {
        _ = try fill()
        var limits = Expiry.Limits()
        limits.minimumFree = try repository.freeBytes() + (1 << 40)
        let plan = try Expiry(repository, limits: limits).plan()
        #expect(plan.expired.count == 3 && plan.excessBytes > 0, "the disk is as it is")
        limits.minimumFree = 1
        #expect(try Expiry(repository, limits: limits).plan().expired == [])
    }

    @Test func `Making room does not let a journal bring refs back`() throws {
        let artifact = SampleArtifact("a", files: 0...3)
        try repository.push(artifact, as: "p/a", "p/b", usedBefore: 5000)
        let nothing = String(repeating: "0", count: 64)
        let lines = ["p/a", "p/b"].map { "\(nothing) \(artifact.checksum) \($0)\n" }.joined()
        let path = "\(repository.path)/state/bst-artifact-refs"
        try Data("bst-artifact refs 1\n\(lines)end\n".utf8).write(to: URL(fileURLWithPath: path))
        // A mirror keeps the objects from going, so that the journal could be followed.
        let mirror = "\(repository.path)/refs/mirrors"
        try FileManager.default.createDirectory(atPath: mirror, withIntermediateDirectories: true)
        try Data("\(artifact.checksum)\n".utf8).write(to: URL(fileURLWithPath: "\(mirror)/kept"))
        #expect(try expiry(1000).run().expired.count == 2)
        try repository.recover()
        #expect(try refs.isEmpty)
    }
}
