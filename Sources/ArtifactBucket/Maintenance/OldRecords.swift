// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import S3

/// Entries of the log, and nodes of the state and with pins, that nobody needs any more.
struct OldRecords {
    private let store: BucketStore
    private let oldest: Int

    init(of store: BucketStore, age: Duration) {
        self.store = store
        oldest = time(nil) - Int(age.components.seconds)
    }

    /// Removes entries up to the newest one's base, then nodes that none of the remaining ones leads to, and pins that were replaced
    /// long ago.
    ///
    /// - Returns: the number of keys that were removed.
    func remove() throws -> Int {
        let position = try store.log.last(from: store.position)
        let entry = position.newest.entry
        return try removeEntries(entry) + removeNodes(entry) + removePins(entry)
    }

    private func removeEntries(_ newest: LogEntry) throws -> Int {
        let location = store.client.location
        var old: [String] = []
        try store.client.forEachPage(
            prefix: location.key(LogKey.directory), after: store.log.key(newest.base),
            cancellation: store.cancellation
        ) { page in
            for entry in page.entries {
                let name = entry.key.dropFirst(location.prefix.count)
                guard let sequence = LogKey.sequence(of: name), sequence < newest.base, isOld(entry) else {
                    continue
                }
                old.append(entry.key)
            }
            return true
        }
        // The list begins with the newest.
        try delete(old.reversed())
        return old.count
    }

    private func removeNodes(_ newest: LogEntry) throws -> Int {
        let nodes = store.log.nodes
        var old = try oldNodes(nodes)
        guard !old.isEmpty else { return 0 }
        // Each entry that has moved edits into the state names the root before.
        var entry: LogEntry? = newest
        var visited: Set<Checksum> = []
        while let present = entry, present.root != nil {
            try nodes.tree.forEachNode(below: present.root) { visited.insert($0).inserted }
            entry = try store.log.entry(present.base)?.entry
        }
        old.subtract(visited)
        try delete(old.map { nodes.key($0) })
        return old.count
    }

    private func removePins(_ newest: LogEntry) throws -> Int {
        guard let pins = newest.pins else { return 0 }
        let nodes = store.log.pinNodes
        var old = try oldNodes(nodes)
        // As long as the newest are not old, an entry with others may just have been read.
        guard old.remove(pins.node) != nil else { return 0 }
        try delete(old.map { nodes.key($0) })
        return old.count
    }

    /// Lists the nodes that are old.
    private func oldNodes(_ nodes: StateNodes) throws -> Set<Checksum> {
        let prefix = nodes.prefix
        var old: Set<Checksum> = []
        try store.client.forEachPage(prefix: prefix, cancellation: store.cancellation) { page in
            for entry in page.entries where isOld(entry) {
                if let digest = Checksum(hex: entry.key.dropFirst(prefix.count)) { old.insert(digest) }
            }
            return true
        }
        return old
    }

    private func isOld(_ entry: ListPage.Entry) -> Bool {
        entry.attributes.modified.map { $0 <= oldest } ?? false
    }

    private func delete(_ keys: [String]) throws {
        let failures = try store.client.delete(keys, cancellation: store.cancellation)
        if let failure = failures.first {
            throw S3Error(
                .accessDenied,
                "cannot remove old records of \(store.location): the store answers \(failure.code): allow it in the bucket's "
                    + "policy")
        }
    }
}
