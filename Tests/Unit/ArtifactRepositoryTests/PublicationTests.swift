// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// Publication.
@Suite struct PublicationTests {
    private static let main = RefName.named("project/element/main")

    @Test(arguments: [RepositoryMode.archive, .bareUser])
    func `Publication shows everything at once, and ostree finds nothing wrong`(mode: RepositoryMode) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(mode)
        let (first, before) = (SampleCommit(), try repository.visibleFiles())
        let quarantine = try repository.makeQuarantine(.transient)
        for object in first.objects {
            try quarantine.take(object)
            #expect(try quarantine.contains(object.name) && !repository.contains(object.name))
        }
        #expect(try repository.visibleFiles() == before)
        let change = RefEdit(Self.main, from: .mustNotExist, to: first.checksum)
        #expect(
            try quarantine.publish([change], moves: .forward, merging: .keepsStored).map(\.outcome)
                == [.moved])
        quarantine.discard()
        #expect(try first.objects.allSatisfy { try repository.contains($0.name) })
        #expect(try repository.refs().map(\.commit) == [first.checksum])
        try repository.ostree("fsck")
        #expect(try repository.quarantines().isEmpty)
    }

    /// The objects of a commit that can be missing.
    private static let places: [(String, KeyPath<SampleCommit, SampleObject> & Sendable)] = [
        ("file", \.file), ("link", \.link), ("dirmeta", \.directoryMetadata), ("dirtree", \.directory),
        ("root's dirmeta", \.rootMetadata), ("root's dirtree", \.root), ("commit", \.commit),
    ]

    @Test(arguments: places.indices)
    func `Publication is refused, and changes nothing, where any object is missing`(place: Int) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let first = SampleCommit()
        try repository.push(first.objects, RefEdit(Self.main, from: .mustNotExist, to: first.checksum))
        let before = try repository.visibleFiles()
        let missing = SampleCommit("third")[keyPath: Self.places[place].1]
        // Objects that all commits here share are there; so only a fresh repository lacks them.
        let target =
            try repository.contains(missing.name) ? try scratch.repository(.archive, "fresh") : repository
        let start = target.path == repository.path ? before : try target.visibleFiles()
        let third = SampleCommit("third")
        let error = #expect(throws: RepositoryError.self) {
            try target.push(
                third.objects.filter { $0.name != missing.name },
                RefEdit(Self.main, from: .any, to: third.checksum))
        }
        #expect(error?.code == .missingObject)
        #expect(error?.description.contains(missing.name.fileName) == true)
        #expect(try target.visibleFiles() == start)
        #expect(try target.quarantines().isEmpty)
    }

    /// Needed objects are noted in memory up to a number, and further ones by their time.
    @Test(arguments: [0, 3, Repository.defaultRememberedObjects])
    func `Publication shows nothing that no ref needs, whole or not`(remembered: Int) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        repository.rememberedObjects = remembered
        let (wanted, other, kept) = (SampleCommit(), SampleCommit("second"), SampleCommit("kept"))
        let there = RefEdit(.named("there"), from: .any, to: wanted.checksum)
        try repository.push(wanted.objects, there)
        let before = try repository.visibleFiles()
        let outcomes = try repository.push(
            wanted.objects + [other.commit] + kept.objects,
            RefEdit(.named("there"), from: .mustNotExist, to: kept.checksum), moves: .never)
        #expect(outcomes.map(\.outcome) == [.kept])
        #expect(outcomes.map(\.old) == [wanted.checksum])
        #expect(try repository.visibleFiles() == before)
    }

    @Test func `Publication needs no ancestors, and nothing sent that is there already`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let (first, second) = (SampleCommit(), SampleCommit("second", parent: SampleCommit()))
        try repository.push(second.objects, RefEdit(Self.main, from: .mustNotExist, to: second.checksum))
        try repository.push(
            [first.file, first.directory, first.root, first.commit],
            RefEdit(.named("older"), from: .mustNotExist, to: first.checksum))
        #expect(
            try repository.push([], RefEdit(.named("third"), from: .mustNotExist, to: first.checksum)).map(
                \.outcome)
                == [.moved])
        try repository.ostree("fsck")
    }

    @Test(arguments: [RepositoryMode.archive, .bareUser, .bareUserOnly])
    func `Publication replaces no object that is there`(mode: RepositoryMode) throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(mode)
        let first = SampleCommit()
        // Both think that they are the first.
        let quarantines = try (1...2).map { _ in try repository.makeQuarantine(.transient) }
        for quarantine in quarantines {
            for object in first.objects { #expect(try quarantine.take(object)) }
        }
        var inodes: [[Int?]] = []
        for quarantine in quarantines {
            _ = try quarantine.publish(
                [RefEdit(Self.main, from: .mustNotExist, to: first.checksum)], moves: .forward,
                merging: .keepsStored
            )
            inodes.append(
                try repository.visibleFiles().filter { $0.hasPrefix("objects/") }.map { path in
                    let attributes = try FileManager.default.attributesOfItem(
                        atPath: "\(repository.path)/\(path)")
                    return attributes[.systemFileNumber] as? Int
                })
        }
        #expect(inodes[0] == inodes[1])
        // Afterwards most are not even wanted.
        let late = try repository.makeQuarantine(.transient)
        for object in first.objects where object.name.type != .commit {
            #expect(try !late.take(object))
        }
    }

    @Test(arguments: [RepositoryMode.archive, .bareUser, .bareUserOnly])
    func `Publication knows every object once`(mode: RepositoryMode) throws {
        let scratch = try TemporaryDirectory()
        let quarantine = try scratch.repository(mode).makeQuarantine(.transient)
        let commit = SampleCommit()
        for object in commit.objects + [SampleObject.detached(commit.commit, "note")] {
            try quarantine.take(object)
            let error = #expect(throws: RepositoryError.self, "\(object.name.type)") {
                try quarantine.take(object)
            }
            #expect(error?.code == .badObject, "\(object.name.type)")
        }
    }

    @Test func `Publication takes detached metadata of its own commits, and keeps values unless told`() throws
    {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let first = SampleCommit()
        let notes = ["one", "two", "three"].map { SampleObject.detached(first.commit, $0) }
        let change = RefEdit(Self.main, from: .any, to: first.checksum)
        try repository.push(first.objects + [notes[0]], change)
        #expect(try repository.metadata(notes[0].name) == notes[0].bytes)
        try repository.push([notes[1]], change)
        #expect(try repository.metadata(notes[0].name) == notes[0].bytes)
        let quarantine = try repository.makeQuarantine(.transient)
        try quarantine.take(notes[2])
        _ = try quarantine.publish([change], moves: .forward, merging: .followsReceived)
        #expect(try repository.metadata(notes[0].name) == notes[2].bytes)
    }

    @Test(arguments: [true, false])
    func `Publication refuses detached metadata of commits that are not its own, there or not`(isThere: Bool)
        throws
    {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let (first, other) = (SampleCommit(), SampleCommit("other"))
        if isThere {
            try repository.push(
                other.objects, RefEdit(.named("other"), from: .mustNotExist, to: other.checksum))
        }
        let before = try repository.visibleFiles()
        let error = #expect(throws: RepositoryError.self) {
            try repository.push(
                first.objects + [.detached(other.commit, "note")],
                RefEdit(Self.main, from: .mustNotExist, to: first.checksum))
        }
        #expect(error?.code == .badObject)
        #expect(try repository.visibleFiles() == before)
    }
}
