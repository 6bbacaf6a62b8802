// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import S3
import S3Samples
import TestSupport

@testable import ArtifactBucket

/// An empty store in a directory or in a bucket, which any number of sessions open.
struct StorePlace: Sendable {
    /// The kinds of stores.
    enum Kind: CaseIterable, Sendable {
        case directory
        /// A bucket in memory.
        case toyBucket
        /// A bucket of Ceph, in which the sessions use two gateways by turns.
        case cephBucket
    }

    /// Begins a session, as another host does.
    let open: @Sendable () throws -> any ArtifactStore
    /// Returns a repository with what readers see, which `ostree fsck` finds to be whole.
    let snapshot: @Sendable () throws -> String

    /// Makes an empty store.
    static func make(_ kind: Kind, _ sample: BucketSample) throws -> StorePlace {
        switch kind {
        case .directory:
            let path = sample.directory.path("cache")
            try OSTreeCommand.initRepo(path, mode: .archive)
            return StorePlace(
                open: { try Repository(path) },
                snapshot: {
                    try OSTreeCommand.fsck(path)
                    return path
                })
        case .toyBucket:
            let store = try ToyStore()
            return try bucket(sample) { _ in try store.client() }
        case .cephBucket:
            let bucket = try CephBucket()
            return try self.bucket(sample) { try bucket.client(gateway: $0 % 2) }
        }
    }

    /// - Parameter client: makes a client, given the number of those before.
    private static func bucket(
        _ sample: BucketSample, _ client: @escaping @Sendable (Int) throws -> S3Client
    ) throws -> StorePlace {
        let own = try client(0)
        _ = try BucketStore.make(own, author: "a test")
        let count = Locked(0)
        return StorePlace(
            open: {
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                return sample.store(try client(number), putsEarly: number % 2 == 0)
            },
            snapshot: { try sample.download(own) })
    }
}
