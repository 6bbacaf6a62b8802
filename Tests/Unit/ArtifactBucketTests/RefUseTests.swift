// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import S3
import S3Samples
import TestSupport
import Testing

@testable import ArtifactBucket

/// The times at which refs of a bucket were used, which expiry goes by.
@Suite struct RefUseTests {
    private let sample: BucketSample
    /// Runs once, right before the store writes the next view.
    private let beforeView = Locked<(@Sendable () -> Void)?>(nil)
    private let store: ToyStore
    private let today = Int(Date().timeIntervalSince1970)
    private let commit: Checksum

    init() throws {
        sample = try BucketSample()
        store = try ToyStore { [beforeView] request in
            guard request.method == "PUT", request.path.contains("/refs/heads/") else { return nil }
            let body = beforeView.withLock { body in
                defer { body = nil }
                return body
            }
            return body.map { body in .behind { _ in body() } }
        }
        store.now = today - 10 * 86_400
        _ = try BucketStore.make(store.client(), author: "a test")
        commit = try sample.commit("a/b/1", ["file": "1\n"])
        for name in ["a/b/1", "a/b/2"] {
            try sample.push([RefEdit(ref(name), from: .mustNotExist, to: commit)], to: bucket())
        }
    }

    private func bucket() throws -> BucketStore { sample.store(try store.client()) }

    private func view(_ name: String) throws -> ToyStore.Object {
        try #require(store.snapshot["place/refs/heads/\(name)"])
    }

    /// Removes refs that were last used more than five days ago.
    private func expire(_ isKept: @escaping (RefName) -> Bool = { _ in false }) throws -> [String] {
        var gone: [String] = []
        try RefExpiry(of: bucket(), before: today - 5 * 86_400, isKept: isKept).run { ref, _, _ in
            gone.append(ref.text)
        }
        return gone
    }

    @Test func `A ref that is used is dated anew, once a day, and does not expire`() throws {
        let before = try view("a/b/1")
        store.now = today
        try bucket().recordAccess(of: [ref("a/b/1"), ref("no/such")])
        let after = try view("a/b/1")
        #expect(after.bytes == before.bytes && after.modified == today)
        let count = store.server.requests.count
        store.now = today + 3600
        try bucket().recordAccess(of: [ref("a/b/1")])
        #expect(store.methods[count...] == ["GET"])
        #expect(try expire() == ["a/b/2"])
        #expect(try bucket().refs().map(\.ref.text) == ["a/b/1"])
    }

    @Test func `The view of a ref that is gone stays as it is`() throws {
        _ = try bucket().delete([RefEdit(ref("a/b/2"), from: .any, to: nil)])
        let gone = try view("a/b/2")
        store.now = today
        try bucket().recordAccess(of: [ref("a/b/2")])
        #expect(try view("a/b/2") == gone)
    }

    @Test func `A view that becomes newer right before it is dated anew stays the newer one`() throws {
        store.now = today
        let next = try sample.commit("a/b/1", ["file": "2\n"])
        beforeView.withLock { [self] in
            $0 = {
                #expect(throws: Never.self) {
                    try sample.push([RefEdit(ref("a/b/1"), from: .any, to: next)], to: bucket())
                }
            }
        }
        try bucket().recordAccess(of: [ref("a/b/1")])
        #expect(try RefView(view("a/b/1").bytes)?.commit == next)
    }

    @Test func `A ref that is used when an expiry has found it stays`() throws {
        store.now = today
        let gone = try expire { found in
            if found.text == "a/b/1" {
                #expect(throws: Never.self) { try bucket().recordAccess(of: [found]) }
            }
            return false
        }
        #expect(gone == ["a/b/2"])
    }
}
