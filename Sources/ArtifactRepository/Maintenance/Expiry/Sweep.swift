// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Removes objects that nothing reaches, and static deltas that lead to commits that nothing reaches.
struct Sweep {
    private let repository: Repository
    private(set) var reach: Reach
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
    /// - Parameter reach: what must stay in any case.
    init(_ repository: Repository, _ reach: Reach, _ deltas: StaticDeltas) throws {
        self.repository = repository
        self.reach = reach
        self.deltas = deltas
        try addNewRefs()
        var found: [ObjectType: [ObjectName]] = [:]
        let reached = self.reach
        try repository.forEachObject { _, name in
            if !reached.contains(name) { found[name.type, default: []].append(name) }
        }
        candidates = Sweep.order.flatMap { found[$0] ?? [] }
    }

    private mutating func addNewRefs() throws {
        for commit in try repository.tips(below: "refs") where !knownTips.contains(commit) {
            try reach.add(commit)
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
                try repository.withLibraryLock {
                    try addNewRefs()
                    try reach.add(repository.reservedObjects())
                    return try remove(candidates[start..<end])
                }
            }
            start = end
        }
        return freed
    }

    /// Removes deltas before their commits, so that no client begins with one in vain.
    private mutating func removeDeltas() throws -> UInt64 {
        guard deltas.entries.contains(where: { !reach.contains(ObjectName($0.key, .commit)) }) else {
            return 0
        }
        return try repository.withRefLock {
            try repository.withLibraryLock {
                try addNewRefs()
                try reach.add(repository.reservedObjects())
                var freed: UInt64 = 0
                for (commit, entries) in deltas.entries where !reach.contains(ObjectName(commit, .commit)) {
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
        for name in names where !reach.contains(name) {
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

extension Repository {
    /// The commits that refs below a directory point to: `refs` for those of any kind, also of remotes and mirrors.
    func tips(below top: String) throws -> Set<Checksum> {
        var tips: Set<Checksum> = []
        var pending = [top]
        while let folder = pending.popLast() {
            // One that goes while it is looked at is no ref any more.
            guard let directory = try root.directoryIfPresent(folder) else { continue }
            try directory.forEachEntry { entry in
                switch try directory.status(of: entry).map({ $0.st_mode & S_IFMT }) {
                case S_IFDIR: pending.append("\(folder)/\(entry)")
                // An alias is a link to another ref.
                case S_IFREG: try tip(entry, of: directory).map { _ = tips.insert($0) }
                default: break
                }
            }
        }
        return tips
    }

    /// The commit that a file among the refs holds; nil where it holds none, or is gone.
    func tip(_ entry: String, of directory: Directory) throws -> Checksum? {
        guard let bytes = try directory.fileIfPresent(entry)?.readAll(limit: 4096) else { return nil }
        return Checksum(hex: String(decoding: bytes, as: UTF8.self).prefix { !$0.isWhitespace })
    }
}
