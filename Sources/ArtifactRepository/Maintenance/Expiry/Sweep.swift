// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls
import Variants

/// The removal of unreachable objects and of static deltas to unreachable commits.
struct Sweep {
    private let repository: Repository
    private(set) var reachable: ReachableObjects
    private let deltas: StaticDeltas
    /// The rules for the history that refs need; nil if they need none.
    private let history: HistoryRules?
    /// The objects found unreachable, in the order of removal.
    private var candidates: [ObjectName] = []
    /// The refs that were added, by their paths.
    private var knownTips: [String: Checksum] = [:]

    /// The number of objects removed while holding the locks once.
    private static let batchSize = 10_000
    /// The order of removal: objects before those that they need, so that an interruption leaves nothing incomplete.
    private static let order = [ObjectType.commit, .commitmeta, .dirtree, .dirmeta, .file]

    /// Finds the objects that may be removed.
    ///
    /// - Parameters:
    ///   - repository: The repository.
    ///   - reachable: The objects that must stay in any case.
    ///   - deltas: All static deltas.
    ///   - history: The rules for the history of refs that have moved since; nil to keep none.
    init(
        _ repository: Repository, _ reachable: ReachableObjects, _ deltas: StaticDeltas,
        history: HistoryRules?
    ) throws {
        self.repository = repository
        self.reachable = reachable
        self.deltas = deltas
        self.history = history
        try addNewRefs()
        var found: [ObjectType: [ObjectName]] = [:]
        let reached = self.reachable
        try repository.forEachObject { _, name in
            if !reached.contains(name) { found[name.type, default: []].append(name) }
        }
        candidates = Sweep.order.flatMap { found[$0] ?? [] }
    }

    /// Adds what refs and pushes in progress have come to need since; the caller holds the locks.
    private mutating func addNewReferences() throws {
        try addNewRefs()
        try reachable.add(repository.salvagedObjects())
    }

    private mutating func addNewRefs() throws {
        for (path, commit) in try repository.tips(below: "refs")
        where knownTips.updateValue(commit, forKey: path) != commit {
            try reachable.add(commit)
            if let history { try reachable.addHistory(of: commit, history.kept(ofRefAt: path)) }
        }
    }

    /// Removes the objects and deltas that are still unreachable.
    ///
    /// - Returns: The bytes of disk that were freed.
    mutating func run() throws -> UInt64 {
        var freed = try removeDeltas()
        var start = 0
        while start < candidates.count {
            let type = candidates[start].type
            let end = candidates[start...].prefix(Sweep.batchSize).prefix { $0.type == type }.endIndex
            freed += try repository.withLocks(exclusive: true) {
                try addNewReferences()
                return try remove(candidates[start..<end])
            }
            start = end
        }
        return freed
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

    private func remove(_ names: ArraySlice<ObjectName>) throws -> UInt64 {
        var complete = try CompleteTrees(repository)
        // Unreachable trees that are marked complete may lose objects now.
        complete.forget()
        var freed: UInt64 = 0
        var prefixes: Set<String> = []
        for name in names where !reachable.contains(name) {
            let path = repository.objectPath(name)
            guard let status = try repository.objects.status(of: path) else { continue }
            if name.type == .commit, repository.leavesTombstones {
                try repository.writeTombstone(of: name.checksum)
            }
            try repository.objects.remove(path)
            if name.type == .commit { try? repository.root.remove("state/\(name.checksum).commitpartial") }
            prefixes.insert(String(path.prefix(2)))
            freed += UInt64(status.st_blocks) * 512
        }
        // The removal must be durable before the next batch removes the objects that these needed.
        for prefix in prefixes {
            try complete.noteChange(of: prefix)
            try repository.objects.directory(prefix).sync()
        }
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
