// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Statistics.
@Suite struct StatisticsTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
    }

    /// The disk space of objects in bytes, each counted once.
    private func bytes(_ objects: [SampleObject]) -> UInt64 {
        Set(objects.map { repository.file(of: $0) }).reduce(0) { sum, path in
            var status = stat()
            return stat(path, &status) == 0 ? sum + UInt64(status.st_blocks) * 512 : sum
        }
    }

    private func remove(_ object: SampleObject) throws {
        try FileManager.default.removeItem(atPath: repository.file(of: object))
    }

    @Test func `Statistics tell what a project has for itself, and what it shares, with however many`() throws
    {
        let first = SampleArtifact("a", files: 0...4)
        let second = SampleArtifact("b", files: 3...6)
        let third = SampleArtifact("c", files: 4...5)
        // Refs of a project that begins as another one does come between.
        for (artifact, refs) in [
            (first, ["a/x/1", "a/x/2"]), (first, ["a-b/1"]), (second, ["b/1"]), (second, ["b/2"]),
            (third, ["b/3"]), (third, ["c/1"]),
        ] {
            for ref in refs { try repository.push(artifact, as: ref, usedBefore: 0) }
        }
        let result = try repository.statistics()
        #expect(try result.reachableBytes == repository.objectBytes() && result.incomplete.isEmpty)
        let projects = result.projects
        #expect(projects.map(\.project) == ["a", "a-b", "b", "c"])
        #expect(projects.map(\.refs) == [2, 1, 3, 1] && projects.map(\.artifacts) == [1, 1, 2, 1])
        let own = [second.files[3], second.root, second.commit]
        #expect(projects.map(\.uniqueBytes) == [0, 0, bytes(own), 0])
        #expect(
            projects.map(\.sharedBytes) == [
                bytes(first.objects), bytes(first.objects),
                bytes(second.files.dropLast() + [second.metadata] + third.objects), bytes(third.objects),
            ])
        #expect(projects.compactMap(\.largest?.ref.text) == ["a/x/1", "a-b/1", "b/1", "c/1"])
    }

    @Test func `Statistics name the refs that lack something, in each project, and count what is there`()
        throws
    {
        let artifact = SampleArtifact("a", files: 0...1)
        for ref in ["a/1", "a/2", "b/1"] { try repository.push(artifact, as: ref, usedBefore: 0) }
        try remove(artifact.files[0])
        let result = try repository.statistics()
        #expect(result.incomplete.map(\.text) == ["a/1", "b/1"])
        #expect(try result.reachableBytes == repository.objectBytes())
        #expect(
            result.projects.map(\.largest?.value) == [bytes([artifact.files[1]]), bytes([artifact.files[1]])])
    }

    @Test(arguments: [false, true])
    func `Statistics of a tree of a size beyond all numbers end soon`(lacksFile: Bool) throws {
        let metadata = SampleObject.dirmeta()
        let file = ArchivedFile(content: Array("content".utf8)).object()
        var trees = [SampleObject.dirtree(files: [("f", file.checksum.bytes)])]
        while trees.count < 100 {
            let child = trees[trees.count - 1].checksum.bytes
            trees.append(
                .dirtree(directories: ["a", "b"].map { ($0, child, metadata.checksum.bytes) }))
        }
        let commit = SampleObject.commit(
            tree: trees[99].checksum.bytes, metadata: metadata.checksum.bytes)
        try repository.push(
            trees + [file, metadata, commit],
            RefEdit(.named("large"), from: .mustNotExist, to: commit.checksum))
        if lacksFile { try remove(file) }
        let result = try repository.statistics()
        #expect(result.projects.first?.largest?.value == (lacksFile ? nil : .max))
        #expect(result.incomplete.count == (lacksFile ? 1 : 0))
    }
}
