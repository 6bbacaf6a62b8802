// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3

/// The note of where collections of garbage cut histories in a bucket, so that pushes do not fill in again what was removed. It
/// has the newest removed commit of each. Without it, or with an older one, pushes cost more, and nothing is lost.
struct CutHistoryKey {
    private let store: BucketStore
    private var client: S3Client { store.client }
    private var key: String { client.location.key(CutHistoryKey.name) }

    /// The key, below the prefix.
    private static let name = "bst-artifact/cut-history"

    init(of store: BucketStore) { self.store = store }

    /// Returns the commits that are noted.
    func read() throws -> Set<Checksum> { try commits(in: fetch()) }

    /// Adds commits, and drops others.
    func update(adding added: Set<Checksum>, removing removed: Set<Checksum>) throws {
        var found = try fetch()
        while true {
            let before = commits(in: found)
            let after = before.subtracting(removed).union(added)
            guard after != before else { return }
            let written = try client.replaceOrRead(
                key, CutHistory.serialized(after), replacing: found?.attributes.etag,
                limit: CutHistory.maximumSize, cacheControl: "no-cache", cancellation: store.cancellation)
            guard case .other(let other) = written else { return }
            found = other
        }
    }

    private func fetch() throws -> S3Object? {
        let get = S3Operation.get(key, limit: CutHistory.maximumSize, isFresh: true)
        return try client.run(get, cancellation: store.cancellation).found
    }

    private func commits(in found: S3Object?) -> Set<Checksum> {
        found.map { CutHistory.commits(in: $0.bytes) } ?? []
    }
}
