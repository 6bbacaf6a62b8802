// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// A quarantine.
@Suite struct LeftoverQuarantineTests {
    @Test func `A quarantine of a process that died is removed by the next one`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        // What a killed process leaves: everything but its lock.
        for name in ["bst-artifact-1-abc", "bst-artifact-99999999-x"] {
            for directory in ["incoming", "filez", "commit"] {
                try FileManager.default.createDirectory(
                    atPath: "\(repository.path)/tmp/\(name)/\(directory)", withIntermediateDirectories: true)
                _ = FileManager.default.createFile(
                    atPath: "\(repository.path)/tmp/\(name)/\(directory)/1", contents: Data([1]))
            }
        }
        _ = FileManager.default.createFile(atPath: "\(repository.path)/tmp/of somebody else", contents: nil)
        let quarantine = try repository.makeQuarantine(.transient)
        let left = try repository.quarantines()
        #expect(left.count == 1)
        #expect(left != ["bst-artifact-1-abc"] && left != ["bst-artifact-99999999-x"])
        #expect(FileManager.default.fileExists(atPath: "\(repository.path)/tmp/of somebody else"))
        quarantine.discard()
        #expect(try repository.quarantines().isEmpty)
    }

    @Test func `A quarantine that is alive stays, and can still be published`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let first = SampleCommit()
        let quarantine = try repository.makeQuarantine(.transient)
        for object in first.objects.dropLast() { try quarantine.take(object) }
        // Opened anew, as another process would.
        let other = try Repository(repository.path)
        let second = try other.makeQuarantine(.transient)
        #expect(try repository.quarantines().count == 2)
        try quarantine.take(first.commit)
        _ = try quarantine.publish(
            [RefEdit(.named("main"), from: .mustNotExist, to: first.checksum)],
            moves: .forward, merging: .keepsStored)
        second.discard()
        quarantine.discard()
        #expect(try repository.quarantines().isEmpty)
    }

    @Test func `A quarantine is removed with everything in it when it is given up, however it is`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.bareUser)
        let first = SampleCommit()
        do {
            let quarantine = try repository.makeQuarantine(.transient)
            for object in first.objects { try quarantine.take(object) }
            // One that is not finished.
            let incoming = try #require(try quarantine.receive(ArchivedFile().name, size: 100))
            try ArchivedFile().prefix.withUnsafeBytes { try incoming.write($0) }
            #expect(try repository.quarantines().count == 1)
        }
        #expect(try repository.quarantines().isEmpty)
        #expect(try first.objects.allSatisfy { try !repository.contains($0.name) })
    }

    @Test func `A quarantine is not readable by others while it is not verified`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let quarantine = try repository.makeQuarantine(.transient)
        let name = try #require(try repository.quarantines().first)
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(repository.path)/tmp/\(name)")
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        quarantine.discard()
    }
}
