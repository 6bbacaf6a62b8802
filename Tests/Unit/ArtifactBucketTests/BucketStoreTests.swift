// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import S3Samples
import TestSupport
import Testing
import Variants

@testable import ArtifactBucket

/// Publications into a bucket of Ceph, and what other programs find there.
@Suite struct BucketStoreTests {
    private let bucket: CephBucket
    private let sample: BucketSample

    init() throws {
        bucket = try CephBucket()
        sample = try BucketSample()
        #expect(try BucketStore.make(bucket.client(), author: "a test"))
    }

    private func store(
        gateway: Int = 0, _ change: (inout S3Configuration) -> Void = { _ in }
    ) throws -> BucketStore {
        sample.store(try bucket.client(gateway: gateway, change))
    }

    @Test func `What is published is a repository that other programs can read`() throws {
        let first = try sample.commit("a/b/1", ["x/y/deep": "deep\n", "top": "top\n", "x/same": "same\n"])
        let result = try sample.push([RefEdit(ref("a/b/1"), from: .mustNotExist, to: first)], to: store())
        #expect(result.results.map(\.outcome) == [.moved])
        #expect(try OSTreeCommand.revParse(sample.download(bucket.client()), "a/b/1") == first.hex)
        // Another session sees it, and needs what differs alone.
        let second = try sample.commit(
            "a/b/1", ["x/y/deep": "deep\n", "top": "changed\n", "x/same": "same\n"], parent: first.hex)
        let other = try store(gateway: 1)
        #expect(try other.commit(of: ref("a/b/1")) == first)
        let again = try sample.push([RefEdit(ref("a/b/1"), from: .mustMatch(first), to: second)], to: other)
        #expect(Set(again.objects.map(\.type)) == [.commit, .dirtree, .file])
        #expect(again.objects.count == 3, "the commit, its root and a file")
        #expect(try OSTreeCommand.revParse(sample.download(bucket.client()), "a/b/1") == second.hex)
        #expect(try store().refs().map(\.ref.text) == ["a/b/1"])
    }

    @Test func `A publication that lacks something, or comes too late, changes nothing`() throws {
        let first = try sample.commit("a/b/1", ["top": "top\n"])
        let edit = try RefEdit(ref("a/b/1"), from: .mustNotExist, to: first)
        let incomplete = #expect(throws: RepositoryError.self) {
            try sample.push([edit], to: store(), without: [.dirmeta])
        }
        #expect(incomplete?.code == .missingObject)
        #expect(try store().refs().isEmpty)
        let late = try store()
        #expect(try late.refs().isEmpty)
        try sample.push([edit], to: store(gateway: 1))
        let second = try sample.commit("a/b/1", ["top": "other\n"])
        let error = #expect(throws: RepositoryError.self) {
            try sample.push([RefEdit(ref("a/b/1"), from: .mustNotExist, to: second)], to: late)
        }
        #expect(error?.code == .refMoved)
        #expect(try store().commit(of: ref("a/b/1")) == first)
        for place in ["a/b/1/c", "a/b"] {
            let error = #expect(throws: RepositoryError.self) {
                try sample.push([RefEdit(ref(place), from: .mustNotExist, to: first)], to: store())
            }
            #expect(error?.code == .conflict)
        }
        // Where the last ref below has gone, the place is free.
        _ = try store().delete([RefEdit(ref("a/b/1"), from: .any, to: nil)])
        try sample.push([RefEdit(ref("a/b"), from: .mustNotExist, to: first)], to: store())
        #expect(try store().refs().map(\.ref.text) == ["a/b"])
    }

    @Test func `Signatures of two sides are united, and a removed ref is gone`() throws {
        let first = try sample.commit("a/b/1", ["top": "top\n"])
        try sample.push([RefEdit(ref("a/b/1"), from: .mustNotExist, to: first)], to: store())
        for number in 0..<2 {
            let store = try store(gateway: number)
            let quarantine = try store.makeQuarantine(.transient)
            defer { quarantine.discard() }
            try quarantine.setDetachedMetadata(Samples.signature(number), of: first)
            let results = try quarantine.publish(
                [RefEdit(ref("a/b/1"), from: .mustMatch(first), to: first)], moves: .artifacts,
                merging: .keepsStored)
            #expect(results.map(\.outcome) == [.unchanged])
        }
        let metadata = try store().detachedMetadata(of: first)
        #expect(metadata.items.count == 2)
        let deleted = try store().delete([RefEdit(ref("a/b/1"), from: .mustMatch(first), to: nil)])
        #expect(deleted.map(\.outcome) == [.moved])
        #expect(try store().commit(of: ref("a/b/1")) == nil)
        #expect(try OSTreeCommand.refs(sample.download(bucket.client())) == [])
    }

    @Test func `What is pinned through one gateway cannot be deleted through another, and its size is known`()
        throws
    {
        let first = try sample.commit("a/b/1", ["top": "top\n"])
        try sample.push([RefEdit(ref("a/b/1"), from: .mustNotExist, to: first)], to: store())
        #expect(try store().pin(["a/*"], requiring: [ref("a/b/1")]).changed == ["a/*"])
        let deletion = try RefEdit(ref("a/b/1"), from: .any, to: nil)
        let error = #expect(throws: RepositoryError.self) { _ = try store(gateway: 1).delete([deletion]) }
        #expect(error?.code == .notAllowed)
        let statistics = try BucketStatistics(of: store(gateway: 1))
        #expect(statistics.knownBytes == statistics.total.bytes && statistics.total.count == 4)
        #expect(try store(gateway: 1).unpin(["a/*"]).all.patterns.isEmpty)
        _ = try store().delete([deletion])
    }

    @Test func `Where three of ten requests fail, everything arrives all the same`() throws {
        var files: [String: String] = [:]
        for number in 0..<60 { files["directory-\(number % 7)/\(number)"] = "\(number)\n" }
        let first = try sample.commit("a/b/1", files)
        try sample.push(
            [RefEdit(ref("a/b/1"), from: .mustNotExist, to: first)], to: store { $0.addFaults() })
        #expect(try OSTreeCommand.revParse(sample.download(bucket.client()), "a/b/1") == first.hex)
    }

    @Test func `Several refs are one entry, and more than 64 edits move into the state`() throws {
        let first = try sample.commit("a/b/1", ["top": "top\n"])
        let edits = try (0..<100).map { try RefEdit(ref("many/\($0)"), from: .mustNotExist, to: first) }
        let store = try store()
        try sample.push(edits, to: store)
        #expect(try store.log.newest().sequence == 1)
        for number in 0..<2 {
            try sample.push([RefEdit(ref("one/\(number)"), from: .mustNotExist, to: first)], to: self.store())
        }
        let entry = try store.log.newest().newest.entry
        #expect(entry.sequence == 3 && entry.base == 1 && entry.root != nil && entry.edits.count == 2)
        #expect(try self.store().refs().count == 102)
        #expect(try self.store().commit(of: ref("many/77")) == first)
        let place = #expect(throws: RepositoryError.self) {
            try sample.push([RefEdit(ref("many"), from: .mustNotExist, to: first)], to: self.store())
        }
        #expect(place?.code == .conflict)
        #expect(try OSTreeCommand.refs(sample.download(bucket.client())).count == 102)
    }
}

private enum Samples {
    /// Detached metadata with one signature.
    static func signature(_ number: Int) -> [UInt8] {
        let signature = Variant.bytes([UInt8](repeating: UInt8(number), count: 64))
        return Variant.dictionary([(key: "ostree.sign.ed25519", value: .array(of: "ay", [signature]))])
            .serialized()
    }
}
