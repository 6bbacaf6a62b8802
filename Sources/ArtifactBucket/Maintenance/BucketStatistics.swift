// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3

/// The refs and the space of a cache in a bucket.
package struct BucketStatistics: Sendable {
    /// A project, which is the first part of its refs.
    package struct Project: Sendable, Equatable {
        /// The name.
        package var name: String
        /// The number of its refs.
        package var refs = 0
        /// The number of commits that these point to.
        package var artifacts = 0
    }

    /// Objects of a kind.
    package struct Space: Sendable, Equatable {
        /// Their number.
        package var count = 0
        /// Their size in bytes.
        package var bytes: UInt64 = 0
    }

    /// The projects, sorted by name.
    package private(set) var projects: [Project] = []
    /// The objects, by their type.
    package private(set) var objects: [ObjectType: Space] = [:]
    /// The log, the state and the lists of condemned objects.
    package private(set) var records = Space()
    /// The number of the newest entry of the log.
    package private(set) var entry: UInt64 = 0
    /// The size of all objects as the log has it, by which receivers keep their limit; nil where it does not know.
    package private(set) var knownBytes: UInt64?
    /// The last collection of garbage.
    package private(set) var collection: Collection?

    /// All objects.
    package var total: Space {
        objects.values.reduce(into: Space()) {
            $0.count += $1.count; $0.bytes += $1.bytes
        }
    }

    /// Reads all refs, and lists everything.
    ///
    /// - Parameter showProgress: receives the objects so far.
    package init(of store: BucketStore, showProgress: (Space) -> Void = { _ in }) throws {
        let position = try store.position
        (entry, collection) = (position.sequence, position.newest.entry.collection)
        knownBytes = position.newest.entry.storedBytes
        var found: [String: (refs: Int, commits: Set<Checksum>)] = [:]
        try store.log.forEachRef(at: position) { ref, commit, _ in
            found[ref.project.text, default: (0, [])].refs += 1
            found[ref.project.text]?.commits.insert(commit)
        }
        projects = found.map { Project(name: $0.key, refs: $0.value.refs, artifacts: $0.value.commits.count) }
            .sorted { $0.name < $1.name }
        let location = store.client.location
        for prefix in ["objects/", "bst-artifact/"] {
            try store.client.forEachPage(prefix: location.key(prefix), cancellation: store.cancellation) {
                page in
                for entry in page.entries {
                    let size = entry.attributes.size ?? 0
                    if let name = BucketObjects.name(ofKey: entry.key.dropFirst(location.prefix.count)) {
                        objects[name.type, default: Space()].count += 1
                        objects[name.type]?.bytes += size
                    } else if prefix != "objects/" {
                        records.count += 1
                        records.bytes += size
                    }
                }
                showProgress(total)
                return true
            }
        }
    }
}
