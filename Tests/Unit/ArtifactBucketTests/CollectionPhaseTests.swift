// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import S3Samples
import TestSupport
import Testing

@testable import ArtifactBucket

/// Publications that rely on what a collection of garbage has condemned.
@Suite struct CollectionPhaseTests {
    private let store: ToyStore
    private let sample: BucketSample
    private let commit: Checksum
    private let names: [ObjectName]

    init() throws {
        store = try ToyStore()
        sample = try BucketSample()
        _ = try BucketStore.make(store.client(), author: "a test")
        commit = try sample.commit("a/b/1", ["directory/file": "x\n", "other": "y\n"])
        names = try sample.push(
            [RefEdit(ref("a/b/1"), from: .mustNotExist, to: commit)], to: sample.store(store.client())
        ).objects
        _ = try sample.store(store.client()).delete([RefEdit(ref("a/b/1"), from: .any, to: nil)])
    }

    private func bucket(putsEarly: Bool = false) throws -> BucketStore {
        sample.store(try store.client(), putsEarly: putsEarly)
    }

    private func remove(_ names: [ObjectName]) throws {
        for name in names { store[try bucket().withObjects { $0.key(name) }] = nil }
    }

    /// Creates an entry with the next step of a collection.
    private func collect(_ phase: Collection.Phase, _ names: [ObjectName]? = nil) throws {
        let store = try bucket()
        let list = CondemnedList(client: store.client, cancellation: nil)
        _ = try store.log.append(author: "a collector") { entry, _ in
            var collection =
                entry.collection ?? Collection(0, list: LogEntry.makeID(), parts: 1, .swept)
            if phase == .condemned {
                collection = Collection(collection.number + 1, list: LogEntry.makeID(), parts: 1, .condemned)
                entry.saved = []
                try list.put(names ?? self.names, collection, part: 0)
            }
            collection.phase = phase
            collection.sweeper = phase == .sweeping ? LogEntry.makeID() : []
            entry.collection = collection
            return true
        }
    }

    @discardableResult
    private func push(_ name: String = "a/b/1") throws -> [ObjectName] {
        try sample.push([RefEdit(ref(name), from: .mustNotExist, to: commit)], to: bucket()).objects
    }

    private var saved: Set<ObjectName> { get throws { try bucket().position.newest.entry.saved } }

    @Test func `A push of what is there and marked needs one object, the commit's detached metadata`() throws
    {
        let client = try store.client()
        let before = client.counts
        _ = try sample.push(
            [RefEdit(ref("a/b/1"), from: .mustNotExist, to: commit)], to: sample.store(client))
        #expect(
            (client.counts - before)[.put] == 4,
            "two to check the store, the entry, the view: \(client.counts)")
        #expect((client.counts - before)[.head] <= 2)
    }

    @Test func `What is condemned and needed is saved, and nothing above it is marked`() throws {
        let file = try #require(names.first { $0.type == .file })
        try collect(.condemned, [file])
        try push()
        #expect(try saved == [file])
        let directories = names.filter { $0.type == .dirtree }
        for directory in directories {
            let key = try bucket().withObjects { $0.key(directory) }
            let mark = try store.client().run(.head(key, metadata: BucketObjects.markName)).found?.metadata
            #expect(mark == "0", "the mark of collection 1 would be wrong")
        }
        // Once it is named as saved, everything may be marked.
        try push("a/b/2")
        #expect(try saved == [file])
    }

    @Test func `What is being removed cannot be saved, and is put again when it is gone`() throws {
        try collect(.condemned)
        try collect(.sweeping)
        let error = #expect(throws: RepositoryError.self) { try push() }
        #expect(error?.code == .busy)
        #expect(try bucket().refs().isEmpty)
        for name in names { store[try bucket().withObjects { $0.key(name) }] = nil }
        try collect(.swept)
        #expect(try push().count == names.count)
        #expect(try saved.isEmpty)
        try sample.download(store.client())
    }

    @Test func `A mark of an earlier collection says nothing`() throws {
        let file = try #require(names.first { $0.type == .file })
        try collect(.condemned, [file])
        try collect(.sweeping)
        store[try bucket().withObjects { $0.key(file) }] = nil
        try collect(.swept)
        #expect(try push() == [file])
        try sample.download(store.client())
        // Now the directories are marked as of this collection.
        for directory in names where directory.type == .dirtree {
            let key = try bucket().withObjects { $0.key(directory) }
            #expect(
                try store.client().run(.head(key, metadata: BucketObjects.markName)).found?.metadata == "1")
        }
    }

    @Test
    func `What a marked directory names is not looked for, unless the mark is of an earlier collection`()
        throws
    {
        /// Pushes a commit that resembles the first one, of which the client knows.
        func pushSimilar(_ name: String, _ content: String) throws -> (
            objects: [ObjectName], client: S3Client
        ) {
            let similar = try sample.commit(name, ["directory/file": "x\n", "other": content])
            let client = try store.client()
            let session = sample.store(client)
            #expect(try session.contains(ObjectName(commit, .commit)))
            let edit = RefEdit(try ref(name), from: .mustNotExist, to: similar)
            return (try sample.push([edit], to: session).objects, client)
        }
        let (objects, client) = try pushSimilar("a/b/2", "z\n")
        #expect(Set(objects.map(\.type)) == [.file, .dirtree, .commit] && objects.count == 3)
        #expect(client.counts[.head] <= 4, "the commits, detached metadata, and a view: \(client.counts)")
        let files = names.filter { $0.type == .file }
        _ = try bucket().delete([RefEdit(ref("a/b/2"), from: .any, to: nil)])
        try collect(.condemned, files)
        try collect(.sweeping)
        try remove(files)
        try collect(.swept)
        #expect(try pushSimilar("a/b/3", "w\n").objects.filter { $0.type == .file }.count == 2)
        // The first one lacks a file that no other needs.
        try remove([ObjectName(commit, .commit)])
        try sample.download(store.client())
    }

    @Test func `Files that were put early are put again where a collection has removed them`() throws {
        try remove(names)
        let session = try bucket(putsEarly: true)
        let edits = try [RefEdit(ref("a/b/1"), from: .mustNotExist, to: commit)]
        try session.check(edits, moves: .artifacts)
        let quarantine = try session.makeQuarantine(.transient)
        #expect(try sample.bring(edits, to: quarantine).count == names.count)
        try collect(.condemned)
        try collect(.sweeping)
        try remove(names)
        try collect(.swept)
        let error = #expect(throws: RepositoryError.self) {
            _ = try quarantine.publish(edits, moves: .artifacts, merging: .keepsStored)
        }
        #expect(error?.code == .missingObject)
        let again = try sample.bring(edits, to: quarantine, trustsMarks: false)
        #expect(again.filter { $0.type == .file }.count == 2)
        _ = try quarantine.publish(edits, moves: .artifacts, merging: .keepsStored)
        quarantine.discard()
        #expect(try OSTreeCommand.refs(sample.download(store.client())) == ["a/b/1"])
    }

    @Test func `Objects are looked for again where a collection has gone by meanwhile`() throws {
        let session = try bucket()
        let edits = try [RefEdit(ref("a/b/1"), from: .mustNotExist, to: commit)]
        try session.check(edits, moves: .artifacts)
        let quarantine = try session.makeQuarantine(.transient)
        #expect(try sample.bring(edits, to: quarantine).isEmpty, "all is there")
        try collect(.condemned)
        try collect(.sweeping)
        for name in names { store[try bucket().withObjects { $0.key(name) }] = nil }
        try collect(.swept)
        let error = #expect(throws: RepositoryError.self) {
            _ = try quarantine.publish(edits, moves: .artifacts, merging: .keepsStored)
        }
        #expect(error?.code == .missingObject)
        // The client is asked once more.
        #expect(try sample.bring(edits, to: quarantine).count == names.count)
        _ = try quarantine.publish(edits, moves: .artifacts, merging: .keepsStored)
        quarantine.discard()
        #expect(try OSTreeCommand.refs(sample.download(store.client())) == ["a/b/1"])
    }
}
