// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3

/// The removal of refs of a bucket that were not used for long, by the store's times of their views. Pinned ones stay.
package struct RefExpiry {
    private let store: BucketStore
    private let oldest: Int
    private let isKept: (RefName) -> Bool

    /// The most refs of one entry of the log.
    private static let batchSize = 1000

    /// Prepares the removal.
    ///
    /// - Parameters:
    ///   - oldest: refs that were last used before this time, in seconds since 1970, go.
    ///   - isKept: chooses refs that never go.
    package init(of store: BucketStore, before oldest: Int, isKept: @escaping (RefName) -> Bool) {
        (self.store, self.oldest, self.isKept) = (store, oldest, isKept)
    }

    /// Visits the refs that are to go, with the time at which they were last used.
    package func forEach(_ visit: (RefName, _ commit: Checksum, _ time: Int) throws -> Void) throws {
        let position = try store.position
        let pins = try store.log.pins(at: position)
        let prefix = store.client.location.key(RefView.directory)
        try store.client.forEachPage(prefix: prefix, cancellation: store.cancellation) { page in
            for entry in page.entries {
                guard let time = entry.attributes.modified, time < oldest,
                    let ref = RefName(String(entry.key.dropFirst(prefix.count))), !isKept(ref),
                    !pins.contains(ref),
                    let commit = try store.log.commit(of: ref, at: position)
                else { continue }
                try visit(ref, commit, time)
            }
            return true
        }
    }

    /// Removes them, but for those that are moved, used or pinned meanwhile.
    ///
    /// - Parameter removed: receives each ref that is gone, with its last commit and the time at which it was last used.
    package func run(_ removed: (RefName, Checksum, Int) -> Void) throws {
        var batch: [(ref: RefName, commit: Checksum, time: Int)] = []
        func remove() throws {
            let unused = try store.log.views.refs(batch.map(\.ref), writtenBefore: oldest)
            batch.removeAll { !unused.contains($0.ref) }
            guard !batch.isEmpty else { return }
            let results = try store.publish(asOf: nil, saving: []) { position in
                let pins = try store.log.pins(at: position)
                return try batch.compactMap { entry in
                    guard try store.log.commit(of: entry.ref, at: position) == entry.commit,
                        !pins.contains(entry.ref)
                    else { return nil }
                    return RefEditResult(entry.ref, .moved, from: entry.commit, to: nil)
                }
            }
            let gone = Set(results.map(\.ref))
            for entry in batch where gone.contains(entry.ref) { removed(entry.ref, entry.commit, entry.time) }
            batch.removeAll()
        }
        // Found first, since removing writes the views that are listed.
        var found: [(ref: RefName, commit: Checksum, time: Int)] = []
        try forEach { found.append(($0, $1, $2)) }
        for entry in found {
            batch.append(entry)
            if batch.count == RefExpiry.batchSize { try remove() }
        }
        try remove()
    }
}
