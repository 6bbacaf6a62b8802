// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import Variants

/// The removal of unreachable objects and of static deltas to unreachable commits.
struct Sweep {
    private let repository: Repository
    private let reachable: ReachableObjects
    private let deltas: StaticDeltas
    /// The rules for the history that refs need; nil if they need none.
    private let history: HistoryRules?
    /// The time when the expiry began. Objects that have arrived since stay.
    private let start: UInt64
    /// The stamps of refs whose commits were added, as inode and change time.
    private var knownRefs = ChecksumTable<Void>(wordsPerElement: 2)

    /// The number of objects removed while holding the locks once.
    private static let batchSize = 10_000
    /// The order of removal: objects before those that they need, so that an interruption leaves nothing incomplete.
    private static let order = [ObjectType.commit, .commitmeta, .dirtree, .dirmeta, .file]

    /// Prepares a sweep.
    ///
    /// - Parameters:
    ///   - repository: The repository.
    ///   - reachable: The objects that must stay in any case. What refs have come to need since is added.
    ///   - deltas: All static deltas.
    ///   - history: The rules for the history of refs that have moved since; nil to keep none.
    ///   - start: The time of the file system before which objects must have arrived to be removed, in nanoseconds since
    ///     1970.
    init(
        _ repository: Repository, _ reachable: ReachableObjects, _ deltas: StaticDeltas,
        history: HistoryRules?, before start: UInt64
    ) {
        (self.repository, self.reachable, self.deltas) = (repository, reachable, deltas)
        (self.history, self.start) = (history, start)
    }

    /// Removes the objects and deltas that are still unreachable.
    ///
    /// - Returns: The bytes of disk that were freed.
    mutating func run() throws -> UInt64 {
        // Before the locks are taken, since this reads all refs.
        try addNewRefs()
        var freed = try removeDeltas()
        for type in Sweep.order { freed += try removeObjects(of: type) }
        return freed
    }

    /// Adds what refs and pushes in progress have come to need since; the caller holds the locks.
    private mutating func addNewReferences() throws {
        try addNewRefs()
        try reachable.add(repository.salvagedObjects())
    }

    /// Adds what refs need. Those whose stamps show that they have not changed are not read again.
    private mutating func addNewRefs() throws {
        try repository.forEachRefFile(below: "refs") { file in
            // An alias is a link to another ref.
            guard !file.isAlias, let status = try repository.root.status(of: file.path) else { return true }
            let stamp = FileStamp(status).settled(at: start)
            let key = (stamp.inode, stamp.changed)
            // One file with two names may have two rules.
            let isRemembered = stamp != .unknown && status.st_nlink == 1
            if isRemembered, knownRefs.contains(key) { return true }
            let commit = try repository.ifIntact { try repository.commitInRefFile(file.path) }
            if let commit = commit ?? nil {
                try reachable.add(commit)
                if let history { try reachable.addHistory(of: commit, history.kept(ofRefAt: file.path)) }
            }
            if isRemembered { knownRefs.insert(key) }
            return true
        }
    }

    /// Removes deltas before their commits, so that no client starts to fetch one in vain.
    private mutating func removeDeltas() throws -> UInt64 {
        guard deltas.entries.contains(where: { !reachable.contains(ObjectName($0.key, .commit)) }) else {
            return 0
        }
        return try repository.withLocks(exclusive: true) {
            try addNewReferences()
            var freed: UInt64 = 0
            for (commit, entries) in deltas.entries where !reachable.contains(ObjectName(commit, .commit)) {
                for entry in entries {
                    try repository.remove(entry)
                    freed += entry.bytes
                }
            }
            return freed
        }
    }

    /// Removes unreachable objects of a type, a batch at a time.
    private mutating func removeObjects(of type: ObjectType) throws -> UInt64 {
        var freed: UInt64 = 0
        var batch: [ObjectName] = []
        try repository.forEachObject(of: type) { _, name in
            if reachable.contains(name) { return }
            batch.append(name)
            if batch.count == Sweep.batchSize {
                freed += try removeBatch(batch)
                batch.removeAll(keepingCapacity: true)
            }
        }
        return try freed + (batch.isEmpty ? 0 : removeBatch(batch))
    }

    private mutating func removeBatch(_ names: [ObjectName]) throws -> UInt64 {
        try repository.withLocks(exclusive: true) {
            try addNewReferences()
            return try remove(names)
        }
    }

    private func remove(_ names: [ObjectName]) throws -> UInt64 {
        var complete = try CompleteTrees(repository)
        // Unreachable trees that are marked complete may lose objects now.
        complete.forget()
        var freed: UInt64 = 0
        var prefixes: Set<String> = []
        for name in names where !reachable.contains(name) {
            let path = repository.objectPath(name)
            guard let status = try repository.objects.status(of: path),
                FileStamp(status).changed <= start
            else { continue }
            if name.type == .commit, repository.leavesTombstones {
                try repository.writeTombstone(of: name.checksum)
            }
            try repository.objects.remove(path)
            if name.type == .commit { try? repository.root.remove("state/\(name.checksum).commitpartial") }
            prefixes.insert(String(path.prefix(2)))
            freed += UInt64(status.st_blocks) * 512
        }
        // The removal must be durable before the next batch removes the objects that these needed. All directories are
        // changed before the first one is synced, so that the file system commits once.
        for prefix in prefixes { try complete.noteChange(of: prefix) }
        for prefix in prefixes { try repository.objects.directory(prefix).sync() }
        complete.allocatedBytes = complete.allocatedBytes.map { $0 - min($0, freed) }
        complete.save()
        return freed
    }
}

extension Repository {
    /// Indicates that removed commits leave a tombstone, by which clients tell them from commits that never existed.
    fileprivate var leavesTombstones: Bool { setting("tombstone-commits") }

    /// Writes the tombstone of a commit that is about to be removed, as `ostree prune` does: a dictionary with the
    /// commit's digits and a NUL under `commit`.
    fileprivate func writeTombstone(of commit: Checksum) throws {
        let bytes = Variant.dictionary([("commit", .bytes(Array(commit.hex.utf8) + [0]))]).serialized()
        try replaceFile("objects/\(tombstonePath(of: commit))", with: bytes)
    }
}
