// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Marks of complete directories. A push does not look below a marked directory: a file that was removed behind the cache's
/// back, without a trace, is noticed only where it looks.
@Suite struct CompleteTreesTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository
    private let artifact = SampleArtifact("first", files: 0...3)

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
        try repository.push(artifact, as: "first", usedBefore: 0)
    }

    /// Pushes another commit of the same tree.
    private func push(to repository: Repository) throws {
        let commit = SampleObject.commit(
            tree: artifact.root.checksum.bytes, metadata: artifact.metadata.checksum.bytes,
            subject: UUID().uuidString)
        try repository.push([commit], RefEdit(.named("next"), from: .any, to: commit.checksum))
    }

    private func expectLooks(at repository: Repository) {
        let error = #expect(throws: RepositoryError.self) { try push(to: repository) }
        #expect(error?.code == .missingObject)
    }

    @Test func `Complete directories are not looked into again`() throws {
        try repository.lose(artifact.files[1], secretly: true)
        try push(to: repository)
        // Not even after another push, which changes directories itself.
        try repository.push(SampleArtifact("second", files: 5...8), as: "second", usedBefore: 0)
        try push(to: Repository(repository.path))
    }

    @Test func `Complete directories are looked into after anything was removed`() throws {
        try repository.lose(artifact.files[1], secretly: false)
        expectLooks(at: repository)
    }

    /// Pushes an artifact that shares file 1; a quarantine looks for that, then it is removed, then all of it is published.
    private func pushLosingFile(secretly: Bool) throws {
        let other = SampleArtifact("other", files: 1...5)
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        #expect(quarantine.storeHasWhole(artifact.root.checksum))
        #expect(try quarantine.contains(artifact.files[1].name))
        for object in other.objects where object.name != artifact.files[1].name {
            try quarantine.take(object)
        }
        try repository.lose(artifact.files[1], secretly: secretly)
        _ = try quarantine.publish(
            [RefEdit(.named("other"), from: .any, to: other.checksum)], moves: .forward, merging: .keepsStored
        )
    }

    @Test func `Objects that were looked for are not looked for again`() throws {
        try pushLosingFile(secretly: true)
    }

    @Test func `Objects that were looked for are looked for again after anything was removed`() throws {
        let error = #expect(throws: RepositoryError.self) { try pushLosingFile(secretly: false) }
        #expect(error?.code == .missingObject)
    }

    @Test func `Complete directories are looked into after ostree has pruned anything`() throws {
        try repository.push(SampleArtifact("other", files: 10...11), as: "other", usedBefore: 0)
        try repository.ostree("refs", "--delete", "other")
        try repository.ostree("prune", "--refs-only")
        try repository.lose(artifact.files[1], secretly: true)
        expectLooks(at: repository)
    }

    @Test func `Complete directories are looked into after room was made`() throws {
        try repository.push(SampleArtifact("other", files: 10...13), as: "other", usedBefore: 500)
        var limits = Expiry.Limits()
        limits.maximumSize = 220_000
        #expect(try Expiry(repository, limits: limits).run().expired.count == 1)
        try repository.lose(artifact.files[1], secretly: true)
        expectLooks(at: repository)
    }

    @Test func `Complete directories are looked into in a copy of the repository`() throws {
        try run(["cp", "-a", repository.path, "\(scratch.path)/copy"]).checked()
        let copy = try Repository("\(scratch.path)/copy")
        try copy.lose(artifact.files[1], secretly: true)
        expectLooks(at: copy)
        try push(to: repository)
    }

    @Test(arguments: [nil, 0, 7, 24, 1000])
    func `Complete directories are looked into where the record is missing or torn`(size: Int?) throws {
        let path = "\(repository.path)/state/bst-artifact-complete"
        try repository.lose(artifact.files[1], secretly: true)
        if let size {
            try #require(truncate(path, off_t(size)) == 0)
        } else {
            try FileManager.default.removeItem(atPath: path)
        }
        expectLooks(at: repository)
    }

    @Test
    func `Complete directories are looked into where somebody else added an object`() throws {
        try FileManager.default.createDirectory(
            atPath: "\(scratch.path)/tree", withIntermediateDirectories: true)
        try Data("by ostree".utf8).write(to: URL(fileURLWithPath: "\(scratch.path)/tree/file"))
        try repository.ostree("commit", "--branch=foreign", "--tree=dir=\(scratch.path)/tree")
        try repository.lose(artifact.files[1], secretly: true)
        expectLooks(at: repository)
    }

    @Test func `Complete directories are not known by a publication that failed`() throws {
        let second = SampleArtifact("second", files: 5...8)
        let missing = try #require(Checksum(hex: String(repeating: "12", count: 32)))
        let purpose = QuarantinePurpose.resumable(.push, for: [(.named("second"), second.checksum)])
        var quarantine: (any Quarantine)? = try repository.makeQuarantine(purpose)
        for object in second.objects { try quarantine?.take(object) }
        let error = #expect(throws: RepositoryError.self) {
            _ = try quarantine?.publish(
                [
                    RefEdit(.named("second"), from: .mustNotExist, to: second.checksum),
                    RefEdit(.named("missing"), from: .mustNotExist, to: missing),
                ], moves: .forward, merging: .keepsStored)
        }
        #expect(error?.code == .missingObject)
        quarantine?.leave()
        quarantine = nil
        let left = try #require(try repository.quarantines().first)
        let file = "\(repository.path)/tmp/\(left)/filez/\(second.files[0].checksum.path(suffix: "filez"))"
        try FileManager.default.removeItem(atPath: file)
        let next = try repository.makeQuarantine(purpose)
        for object in second.objects where object.name != second.files[0].name { try next.take(object) }
        let change = RefEdit(.named("second"), from: .mustNotExist, to: second.checksum)
        let again = #expect(throws: RepositoryError.self) {
            _ = try next.publish([change], moves: .forward, merging: .keepsStored)
        }
        #expect(again?.description.contains(second.files[0].name.fileName) == true)
        try next.take(second.files[0])
        #expect(
            try next.publish([change], moves: .forward, merging: .keepsStored).map(\.outcome) == [
                .moved
            ])
        next.discard()
        try repository.ostree("fsck")
    }

    @Test func `Complete directories are remembered in other modes too, as long as nothing is removed`()
        throws
    {
        let other = try scratch.repository(.bareUser, "other")
        try other.push(artifact, as: "first", usedBefore: 0)
        let attributes = try run([
            "getfattr", "-R", "-d", "-m", "user.bst-artifact", "\(other.path)/objects",
        ]).checked().text
        #expect(attributes.contains("bst-artifact.complete"))
        try push(to: other)
        func remove(_ object: SampleObject, secretly: Bool) throws {
            let path = other.file(of: object).replacingOccurrences(of: ".filez", with: ".file")
            let directory = (path as NSString).deletingLastPathComponent
            let time = FileTime(of: directory)
            try FileManager.default.removeItem(atPath: path)
            if secretly { try time.set(directory) }
        }
        try remove(artifact.files[1], secretly: true)
        try push(to: other)
        try remove(artifact.files[0], secretly: false)
        expectLooks(at: other)
    }
}
