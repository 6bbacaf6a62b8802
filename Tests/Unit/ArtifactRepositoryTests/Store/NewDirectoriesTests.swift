// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Files whose directory the repository lacks: they lie in one that becomes it.
@Suite struct NewDirectoriesTests {
    private let scratch: TemporaryDirectory
    /// Three files that belong into the same directory; found once, since hashing takes longer than most tests.
    private static let files: [SampleObject] = {
        let files = (0..<200).map { ArchivedFile(content: Array("file \($0)".utf8)).object() }
        let groups = Dictionary(grouping: files) { $0.checksum.firstByte }
        return Array((groups.values.first { $0.count >= 3 } ?? []).prefix(3))
    }()
    private let files = Self.files
    private let metadata = SampleObject.dirmeta()

    init() throws {
        scratch = try TemporaryDirectory()
        try #require(files.count == 3)
    }

    private var directory: String { String(files[0].checksum.hex.prefix(2)) }

    /// A commit of some of the files.
    private func commit(of files: ArraySlice<SampleObject>, _ subject: String) -> [SampleObject] {
        let root = SampleObject.dirtree(
            files: files.enumerated().map { (String(10_000 + $0), $1.checksum.bytes) })
        let commit = SampleObject.commit(
            tree: root.checksum.bytes, metadata: metadata.checksum.bytes, subject: subject)
        return files + [metadata, root, commit]
    }

    private func publish(_ commit: [SampleObject], as ref: String, _ quarantine: any Quarantine) throws {
        let edit = RefEdit(.named(ref), from: .mustNotExist, to: try #require(commit.last).checksum)
        _ = try quarantine.publish([edit], moves: .forward, merging: .keepsStored)
    }

    private func inode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    }

    private func directoryInQuarantine(of repository: Repository) throws -> String {
        let quarantine = try #require(try repository.quarantines().first)
        return "\(repository.path)/tmp/\(quarantine)/filez/\(directory)"
    }

    @Test(
        arguments: [RepositoryMode.archive, .bareUser, .bareUserOnly],
        [1, Repository.defaultRememberedObjects])
    func `A directory is moved with all its files`(mode: RepositoryMode, remembered: Int) throws {
        let repository = try scratch.repository(mode)
        repository.rememberedObjects = remembered
        let objects = commit(of: files[...], "all")
        let quarantine = try repository.makeQuarantine(.transient)
        for object in objects { try quarantine.take(object) }
        let place = try directoryInQuarantine(of: repository)
        let before = try inode(place)
        try publish(objects, as: "all", quarantine)
        // Where one object is noted in memory, files are shown one by one.
        let isWhole = try inode("\(repository.path)/objects/\(directory)") == before
        #expect(isWhole == (remembered > 1))
        #expect(try objects.allSatisfy { try repository.contains($0.name) })
        try repository.ostree("fsck")
    }

    @Test func `A file that no commit needs stays out of sight`() throws {
        let repository = try scratch.repository(.archive)
        let objects = commit(of: files[..<2], "two")
        let quarantine = try repository.makeQuarantine(.transient)
        for object in objects + [files[2]] { try quarantine.take(object) }
        try publish(objects, as: "two", quarantine)
        #expect(try objects.allSatisfy { try repository.contains($0.name) })
        #expect(try !repository.contains(files[2].name))
        try repository.ostree("fsck")
    }

    @Test func `A directory that another publication has made meanwhile keeps what it has`() throws {
        let repository = try scratch.repository(.archive)
        let commits = [
            ("first", commit(of: files[..<2], "first")), ("second", commit(of: files[1...], "second")),
        ]
        let quarantines = try commits.map { _, objects in
            let quarantine = try repository.makeQuarantine(.transient)
            for object in objects { try quarantine.take(object) }
            return quarantine
        }
        var inodes: [Int?] = []
        for ((ref, objects), quarantine) in zip(commits, quarantines) {
            try publish(objects, as: ref, quarantine)
            inodes.append(try inode(repository.file(of: files[1])))
        }
        #expect(inodes[0] == inodes[1])
        #expect(try files.allSatisfy { try repository.contains($0.name) })
        try repository.ostree("fsck")
    }

    @Test func `Files of an interrupted push are found in their directories`() throws {
        let repository = try scratch.repository(.archive)
        let objects = commit(of: files[...], "all")
        let purpose = QuarantinePurpose.resumable(
            .push, for: [(.named("all"), try #require(objects.last).checksum)])
        do {
            let interrupted = try repository.makeQuarantine(purpose)
            for object in objects.prefix(2) { try interrupted.take(object) }
            interrupted.leave()
        }
        let quarantine = try repository.makeQuarantine(purpose)
        #expect(try files.map { try quarantine.contains($0.name) } == [true, true, false])
        for object in objects { try quarantine.take(object) }
        try publish(objects, as: "all", quarantine)
        try repository.ostree("fsck")
    }

    @Test func `In a repository of a group, directories are made where they inherit the group`() throws {
        let scratch = try TemporaryDirectory()
        let path = try scratch.repository(.archive).path
        try FileManager.default.setAttributes([.posixPermissions: 0o2775], ofItemAtPath: path)
        let repository = try Repository(path)
        let quarantine = try repository.makeQuarantine(.transient)
        for file in files { try quarantine.take(file) }
        #expect(try !FileManager.default.fileExists(atPath: directoryInQuarantine(of: repository)))
        quarantine.discard()
    }
}
