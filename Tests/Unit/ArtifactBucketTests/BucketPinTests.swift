// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import S3
import S3Samples
import TestSupport
import Testing

@testable import ArtifactBucket

/// Pins of a cache in a bucket, beside those who remove refs.
@Suite struct BucketPinTests {
    private let sample: BucketSample
    /// Runs once, right before the store creates the next entry of the log.
    private let beforeEntry = Locked<(@Sendable () -> Void)?>(nil)
    private let store: ToyStore
    private let commit: Checksum

    init() throws {
        sample = try BucketSample()
        store = try ToyStore { [beforeEntry] request in
            guard request.method == "PUT", request.path.contains("/bst-artifact/log/") else { return nil }
            let body = beforeEntry.withLock { body in
                defer { body = nil }
                return body
            }
            return body.map { body in .behind { _ in body() } }
        }
        _ = try BucketStore.make(store.client(), author: "a test")
        commit = try sample.commit("a/b/1", ["file": "1\n"])
        for name in ["a/b/1", "a/b/2"] {
            try sample.push([RefEdit(ref(name), from: .mustNotExist, to: commit)], to: bucket())
        }
    }

    private func bucket() throws -> BucketStore { sample.store(try store.client()) }

    private func interrupt(_ body: @escaping @Sendable () throws -> Void) {
        beforeEntry.withLock { $0 = { #expect(throws: Never.self) { try body() } } }
    }

    private var refs: [String] { get throws { try bucket().refs().map(\.ref.text) } }

    private func delete(_ name: String) throws {
        _ = try bucket().delete([RefEdit(ref(name), from: .any, to: nil)])
    }

    /// Removes all refs that may go.
    private func expire() throws -> [String] {
        var gone: [String] = []
        try RefExpiry(of: bucket(), before: store.now + 1) { _ in false }.run { ref, _, _ in
            gone.append(ref.text)
        }
        return gone
    }

    @Test func `What is pinned is neither expired nor deleted until it is not pinned any more`() throws {
        let pinned = try bucket().pin(["a/b/1", "releases/*"], requiring: [ref("a/b/1")])
        #expect(pinned.changed == ["a/b/1", "releases/*"])
        #expect(try bucket().pins() == pinned.all)
        let error = #expect(throws: RepositoryError.self) { try delete("a/b/1") }
        #expect(error?.code == .notAllowed)
        #expect(try expire() == ["a/b/2"])
        // Publications hand pins on, also where edits move into the state.
        let edits = try (0..<100).map { try RefEdit(ref("releases/\($0)"), from: .mustNotExist, to: commit) }
        try sample.push(edits, to: bucket())
        try sample.push([RefEdit(ref("a/b/3"), from: .mustNotExist, to: commit)], to: bucket())
        #expect(try expire() == ["a/b/3"])
        let entry = try bucket().position.sequence
        #expect(try bucket().pin(["a/b/1"]).changed.isEmpty && bucket().unpin(["other"]).changed.isEmpty)
        #expect(try bucket().position.sequence == entry, "nothing was to be published")
        #expect(try bucket().unpin(["releases/*", "a/b/1"]).all.patterns.isEmpty)
        try delete("a/b/1")
        #expect(try expire().count == 100)
    }

    @Test func `A pin that comes right before the entry of an expiry or deletion is kept`() throws {
        interrupt { [self] in _ = try bucket().pin(["a/b/1"], requiring: [ref("a/b/1")]) }
        #expect(try expire() == ["a/b/2"])
        interrupt { [self] in _ = try bucket().unpin(["a/b/1"]) }
        #expect(throws: RepositoryError.self) { try delete("a/b/1") }
        _ = try bucket().unpin(["a/b/1"])
        interrupt { [self] in _ = try bucket().pin(["*/1"]) }
        let error = #expect(throws: RepositoryError.self) { try delete("a/b/1") }
        #expect(error?.code == .notAllowed)
        #expect(try refs == ["a/b/1"])
    }

    @Test func `A pin whose ref is removed right before it is refused`() throws {
        interrupt { [self] in
            let gone = try expire()
            #expect(gone.count == 2)
        }
        let error = #expect(throws: RepositoryError.self) {
            _ = try bucket().pin(["a/b/1"], requiring: [ref("a/b/1")])
        }
        #expect(error?.code == .unknownRef)
        #expect(error?.description.contains("has just been removed") == true)
        #expect(try bucket().pins().patterns.isEmpty)
    }

    @Test func `Pins that two set at once are both there, and refs are pushed meanwhile`() throws {
        interrupt { [self] in _ = try bucket().pin(["a/b/2"]) }
        #expect(try bucket().pin(["a/b/1"]).all.patterns == ["a/b/1", "a/b/2"])
        interrupt { [self] in _ = try bucket().pin(["c/*"]) }
        try sample.push([RefEdit(ref("c/d"), from: .mustNotExist, to: commit)], to: bucket())
        #expect(try bucket().pins().patterns == ["a/b/1", "a/b/2", "c/*"])
        #expect(try refs == ["a/b/1", "a/b/2", "c/d"])
    }

    @Test func `More pins than fit are refused, and those that are damaged remove nothing`() throws {
        let many = (0..<10).map { String(repeating: "\($0)", count: Pins.maximumSize / 9) }
        let error = #expect(throws: RepositoryError.self) { _ = try bucket().pin(many) }
        #expect(error?.code == .notAllowed)
        _ = try bucket().pin(Array(many.prefix(8)))
        #expect(try bucket().pins().patterns.count == 8)
        let key = try #require(store.keys.first { $0.contains("/pins/") })
        for bytes in [[1, 2, 3], nil] as [[UInt8]?] {
            store[key] = bytes
            #expect(throws: RepositoryError.self) { try expire() }
            #expect(throws: RepositoryError.self) { try delete("a/b/1") }
        }
        #expect(try refs.count == 2)
    }

    @Test func `Pins that were replaced long ago are removed, and those that count stay`() throws {
        func keys() -> Int { store.keys.count { $0.contains("/pins/") } }
        let now = Int(Date().timeIntervalSince1970)
        store.now = now - 100
        for number in 1...3 { _ = try bucket().pin(["a/\(number)"]) }
        #expect(keys() == 3)
        // The newest are not old yet, so somebody may have read an entry with those before.
        store.now = now - 30
        _ = try bucket().pin(["a/4"])
        #expect(try OldRecords(of: bucket(), age: .seconds(60)).remove() == 0 && keys() == 4)
        _ = try OldRecords(of: bucket(), age: .seconds(10)).remove()
        #expect(keys() == 1)
        #expect(try bucket().pins().patterns == ["a/1", "a/2", "a/3", "a/4"])
    }
}
