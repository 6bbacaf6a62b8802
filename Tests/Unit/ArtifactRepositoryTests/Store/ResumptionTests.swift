// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// The quarantine that an interrupted push has left.
@Suite struct ResumptionTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository
    private let artifact = SampleArtifact("first", files: 0...3)
    private let purpose: QuarantinePurpose
    private let otherPurpose = QuarantinePurpose.resumable(
        .push, for: [(.named("other"), SampleArtifact("other", files: 0...0).checksum)])

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
        purpose = .resumable(.push, for: [(.named("p/a"), artifact.checksum)])
    }

    /// Brings some objects, and one of which only a part comes.
    private func interrupt(_ objects: [SampleObject], _ purpose: QuarantinePurpose) throws {
        let quarantine = try repository.makeQuarantine(purpose)
        for object in objects { try quarantine.take(object) }
        let half = ArchivedFile(content: [1, 2, 3])
        let incoming = try quarantine.receive(half.name, size: 100)
        try half.prefix.withUnsafeBytes { try incoming?.write($0) }
        quarantine.leave()
    }

    private func directory() throws -> String {
        let names = try repository.quarantines()
        #expect(names.count == 1)
        return "\(repository.path)/tmp/\(names.first ?? "")"
    }

    private func expectPush(_ purpose: QuarantinePurpose, wanting count: Int) throws {
        let quarantine = try repository.makeQuarantine(purpose)
        var wanted = 0
        for object in artifact.objects where try quarantine.take(object) { wanted += 1 }
        #expect(wanted == count)
        _ = try quarantine.publish(
            [RefEdit(.named("p/a"), from: .mustNotExist, to: artifact.checksum)],
            moves: .forward, merging: .keepsStored)
        quarantine.discard()
        try repository.ostree("fsck")
    }

    @Test
    func `What an interrupted push has brought is not asked for again, and nothing is left then`() throws {
        try interrupt(Array(artifact.objects.prefix(4)), purpose)
        #expect(try artifact.objects.allSatisfy { try !repository.contains($0.name) })
        try interrupt([artifact.metadata], purpose)
        // Root directory and commit.
        try expectPush(purpose, wanting: 2)
        #expect(try repository.quarantines().isEmpty)
    }

    @Test(arguments: [0, 1, 2])
    func `What an interrupted push has brought is not believed where its writing was torn off`(_ index: Int)
        throws
    {
        try interrupt(Array(artifact.objects.prefix(4)), purpose)
        // As kill -9 leaves it between creating and permitting: some of it, and nobody may read it.
        let path = "\(try directory())/filez/\(artifact.files[index].checksum.path(suffix: "filez"))"
        let whole = try #require(FileManager.default.contents(atPath: path))
        try whole.prefix(index * 10).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o200], ofItemAtPath: path)
        // That file, the root's metadata and directory, and the commit.
        try expectPush(purpose, wanting: 4)
        #expect(try repository.quarantines().isEmpty)
    }

    @Test
    func
        `What an interrupted push has brought is lent to another push, which gives back what it did not need`()
        throws
    {
        let extra = SampleArtifact("extra", files: 8...8)
        try interrupt(artifact.files + extra.files, purpose)
        try expectPush(otherPurpose, wanting: 3)
        _ = try directory()
        let again = try repository.makeQuarantine(purpose)
        #expect(try !again.take(extra.files[0]))
        again.discard()
        #expect(try repository.quarantines().isEmpty)
    }

    @Test(arguments: [false, true])
    func `What an interrupted push has brought goes after a day, however often it was lent`(isLent: Bool)
        throws
    {
        try interrupt(artifact.files, purpose)
        try FileTime(seconds: time(nil) - 86_300).set(directory())
        if isLent {
            try interrupt([artifact.metadata], otherPurpose)
        } else {
            #expect(try repository.recoverAll() == RecoveryReport(), "it is young enough")
        }
        let age = try time(nil) - FileTime(of: directory()).seconds
        #expect(age >= 86_300)
        try FileTime(seconds: FileTime(of: directory()).seconds - 200).set(directory())
        try expectPush(purpose, wanting: artifact.objects.count)
        #expect(try repository.quarantines().isEmpty)
    }

    @Test(arguments: [false, true])
    func `What an interrupted push has brought goes when the machine has restarted`(isRecovered: Bool) throws
    {
        try interrupt(artifact.files, purpose)
        let name = try #require(try repository.quarantines().first)
        var parts = name.split(separator: "-", omittingEmptySubsequences: false)
        parts[3] = "anotherstart"
        try FileManager.default.moveItem(
            atPath: directory(), toPath: "\(repository.path)/tmp/\(parts.joined(separator: "-"))")
        if isRecovered {
            var report = RecoveryReport()
            report.removedQuarantines = 1
            #expect(try repository.recoverAll() == report)
            #expect(try repository.quarantines().isEmpty)
        }
        try expectPush(purpose, wanting: artifact.objects.count)
        #expect(try repository.quarantines().isEmpty)
    }

    @Test func `What an interrupted push has brought is nobody else's while it is in use`() throws {
        try interrupt(artifact.files, purpose)
        let first = try repository.makeQuarantine(purpose)
        let second = try Repository(repository.path).makeQuarantine(purpose)
        let third = try Repository(repository.path).makeQuarantine(otherPurpose)
        #expect(try repository.quarantines().count == 3)
        #expect(try repository.recoverAll() == RecoveryReport())
        #expect(try !first.take(artifact.files[0]))
        #expect(try second.take(artifact.files[0]) && third.take(artifact.files[0]))
        let edit = RefEdit(.named("p/a"), from: .mustNotExistOrKeep, to: artifact.checksum)
        for quarantine in [second, first, third] {
            for object in artifact.objects
            where try !quarantine.contains(object.name) || object.name.type == .commit {
                try quarantine.take(object)
            }
            _ = try quarantine.publish([edit], moves: .artifacts, merging: .keepsStored)
            quarantine.discard()
        }
        #expect(try repository.quarantines().isEmpty)
        try repository.ostree("fsck")
    }

    @Test func `What an interrupted push has brought is removed at once where there is nothing in it`() throws
    {
        try repository.makeQuarantine(purpose).leave()
        #expect(try repository.quarantines().isEmpty)
    }
}
