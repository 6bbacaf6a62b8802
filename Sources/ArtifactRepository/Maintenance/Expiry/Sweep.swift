// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Removes objects that nothing reaches, and static deltas that lead to commits that nothing reaches.
struct Sweep {
    private let repository: Repository
    private(set) var reachable: ReachableObjects
    private let deltas: StaticDeltas
    /// What nothing reached when it was looked for, in the order in which it goes.
    private var candidates: [ObjectName] = []
    private var knownTips: Set<Checksum> = []

    /// How many objects go while others wait.
    private static let batchSize = 10_000
    /// What needs others goes before them, so that nothing incomplete is ever left.
    private static let order = [ObjectType.commit, .commitmeta, .dirtree, .dirmeta, .file]

    /// Looks what may go.
    ///
    /// - Parameter reachable: what must stay in any case.
    init(_ repository: Repository, _ reachable: ReachableObjects, _ deltas: StaticDeltas) throws {
        self.repository = repository
        self.reachable = reachable
        self.deltas = deltas
        try addNewRefs()
        var found: [ObjectType: [ObjectName]] = [:]
        let reached = self.reachable
        try repository.forEachObject { _, name in
            if !reached.contains(name) { found[name.type, default: []].append(name) }
        }
        candidates = Sweep.order.flatMap { found[$0] ?? [] }
    }

    private mutating func addNewRefs() throws {
        for commit in try repository.tips(below: "refs") where !knownTips.contains(commit) {
            try reachable.add(commit)
            knownTips.insert(commit)
        }
    }

    /// Removes it.
    ///
    /// - Returns: how many bytes of disk that freed.
    mutating func run() throws -> UInt64 {
        var freed = try removeDeltas()
        var start = 0
        while start < candidates.count {
            let type = candidates[start].type
            let end = candidates[start...].prefix(Sweep.batchSize).prefix { $0.type == type }.endIndex
            freed += try repository.withRefLock {
                try repository.withExclusiveLock {
                    try addNewRefs()
                    try reachable.add(repository.salvagedObjects())
                    return try remove(candidates[start..<end])
                }
            }
            start = end
        }
        return freed
    }

    /// Removes deltas before their commits, so that no client begins with one in vain.
    private mutating func removeDeltas() throws -> UInt64 {
        guard deltas.entries.contains(where: { !reachable.contains(ObjectName($0.key, .commit)) }) else {
            return 0
        }
        return try repository.withRefLock {
            try repository.withExclusiveLock {
                try addNewRefs()
                try reachable.add(repository.salvagedObjects())
                var freed: UInt64 = 0
                for (commit, entries) in deltas.entries where !reachable.contains(ObjectName(commit, .commit))
                {
                    for entry in entries {
                        try repository.remove(entry)
                        freed += entry.bytes
                    }
                }
                return freed
            }
        }
    }

    private func remove(_ names: ArraySlice<ObjectName>) throws -> UInt64 {
        var complete = try CompleteTrees(repository)
        // What is marked as complete may be about to lose a part, if nothing reaches it.
        complete.forget()
        var freed: UInt64 = 0
        var folders: Set<String> = []
        for name in names where !reachable.contains(name) {
            let path = repository.objectPath(name)
            guard let status = try repository.objects.status(of: path) else { continue }
            if name.type == .commit, repository.leavesTombstones {
                try repository.writeTombstone(of: name.checksum)
            }
            try repository.objects.remove(path)
            folders.insert(String(path.prefix(2)))
            freed += UInt64(status.st_blocks) * 512
        }
        // What needs other objects must be gone for good before they go.
        for folder in folders {
            try complete.noteChange(of: folder)
            try repository.objects.directory(folder).sync()
        }
        complete.noteRelease(of: freed)
        complete.save(temporaryFilesIn: try repository.standardDirectory("tmp"))
        return freed
    }
}
