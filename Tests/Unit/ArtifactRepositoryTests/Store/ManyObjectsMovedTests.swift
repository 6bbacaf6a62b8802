// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Publications of so many objects that several threads show them.
@Suite struct ManyObjectsMovedTests {
    /// Few names are noted in memory, or all.
    @Test(
        arguments: [RepositoryMode.archive, .bareUser, .bareUserOnly],
        [100, Repository.defaultRememberedObjects])
    func `Many objects become visible at once, and none replaces another`(
        mode: RepositoryMode, remembered: Int
    ) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(mode)
        repository.rememberedObjects = remembered
        repository.workerCount = 3
        let objects = (0..<700).map { ArchivedFile(content: Array("file \($0)".utf8)).object() }
        let metadata = SampleObject.dirmeta()
        func artifact(_ subject: String, _ files: Range<Int>) -> [SampleObject] {
            let root = SampleObject.dirtree(
                files: files.map { (String(10_000 + $0), objects[$0].checksum.bytes) })
            let commit = SampleObject.commit(
                tree: root.checksum.bytes, metadata: metadata.checksum.bytes, subject: subject)
            return objects[files] + [metadata, root, commit]
        }
        // Both have received the files that they share before one is published.
        let artifacts = [("first", artifact("first", 0..<400)), ("second", artifact("second", 300..<700))]
        let quarantines = try artifacts.map { _, objects in
            let quarantine = try repository.makeQuarantine(.transient)
            for object in objects { try quarantine.take(object) }
            return quarantine
        }
        var inodes: [Int?] = []
        for ((ref, objects), quarantine) in zip(artifacts, quarantines) {
            let commit = try #require(objects.last)
            _ = try quarantine.publish(
                [RefEdit(.named(ref), from: .mustNotExist, to: commit.checksum)], moves: .forward,
                merging: .keepsStored)
            inodes.append(try attributes(of: artifacts[0].1[350], in: repository)[.systemFileNumber] as? Int)
        }
        #expect(inodes[0] != nil)
        #expect(inodes[0] == inodes[1])
        let names = Set(artifacts.flatMap(\.1).map(\.name))
        #expect(names.count == 700 + 5)
        for object in artifacts.flatMap(\.1) {
            #expect(try attributes(of: object, in: repository)[.referenceCount] as? Int == 1)
        }
        try repository.ostree("fsck")
    }

    private func attributes(
        of object: SampleObject, in repository: Repository
    ) throws -> [FileAttributeKey: Any] {
        let path = repository.file(of: object)
        let isBareFile = object.name.type == .file && repository.mode != .archive
        return try FileManager.default.attributesOfItem(
            atPath: isBareFile ? String(path.dropLast("z".count)) : path)
    }
}
