// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3

/// A walk of everything that refs of a bucket lead to, with as much of their history as is there and as rules keep. Each object is
/// visited once.
///
/// Names of directories wait in memory, and of each object that was visited 8 bytes or so (`ObjectSet`). With rules, there are
/// some 24 bytes more of each commit.
struct ReferenceWalk {
    /// A commit or directory that cannot be read.
    enum Fault: Error {
        case missing(ObjectName, neededBy: ObjectName?)
        case damaged(ObjectName, reason: String)
    }

    private struct Job {
        let name: ObjectName
        let parent: ObjectName?
        /// Indicates an ancestor or a part of one, which may be absent.
        let isDispensable: Bool
        /// Of a commit, the part of the history from there on that stays.
        var history = KeptHistory.whole
    }

    private let store: BucketStore
    /// Receives faults; what it throws ends the walk.
    private let report: (Fault) throws -> Void
    /// Receives each object when it is met for the first time, with what needs it.
    private let visit: (ObjectName, _ parent: ObjectName?) throws -> Void
    private let rules: Rules?
    private(set) var seen = ObjectSet()
    private var queue: [Job] = []
    /// Commits whose children were met, by the part of the history from there on that stays.
    private var ancestors: [KeptHistory: Set<Checksum>] = [:]
    /// The number of commits that were kept from each one on, by the time from which on commits were.
    private var walked: [Int?: ObjectMap<Int>] = [:]
    private(set) var commitCount = 0
    /// Parents of commits that stay, which some ref's rule does not keep.
    private var ends: Set<Checksum> = []
    /// Parents of commits that stay, which are missing.
    private(set) var missingParents: Set<Checksum> = []

    /// The rules for the histories of refs.
    struct Rules {
        /// The rules.
        var history: [Expiry.HistoryRule]
        /// The time of the youngest commit that goes, by the store's clock. One that was put later stays, since parts of it would.
        var oldest: Int
    }

    /// Indicates that a directory of an ancestor is missing, behind which nothing was met.
    private var hasGaps = false

    /// The number of directories that are read at the same time.
    private static let window = 48

    /// Prepares a walk.
    ///
    /// - Parameter rules: the rules for histories; nil to walk all that is there.
    init(
        of store: BucketStore, rules: Rules? = nil, report: @escaping (Fault) throws -> Void = { throw $0 },
        visit: @escaping (ObjectName, _ parent: ObjectName?) throws -> Void = { _, _ in }
    ) {
        (self.store, self.rules, self.report, self.visit) = (store, rules, report, visit)
    }

    /// Parents of commits that stay, which no ref's rule keeps.
    var cut: Set<Checksum> { ends.filter { !seen.contains(ObjectName($0, .commit)) } }

    /// Walks the refs of a position. Those that are pinned there keep all their history.
    mutating func walk(at position: PublicationLog.Position) throws {
        // Since then somebody may have put what was missing, and a ref may lead to it.
        if hasGaps { (seen, walked, hasGaps) = (ObjectSet(), [:], false) }
        let rules = try rules.map { HistoryRules($0.history, except: try store.log.pins(at: position)) }
        var commits: [KeptHistory: Set<Checksum>] = [:]
        try store.log.forEachRef(at: position) { ref, commit, _ in
            let kept = rules?.kept(of: ref) ?? .whole
            if !isWalked(commit, kept) { commits[kept, default: []].insert(commit) }
        }
        try walk(commits)
    }

    private mutating func walk(_ tips: [KeptHistory: Set<Checksum>]) throws {
        // Before all ancestors, whose parts may be absent.
        for (kept, commits) in tips { enqueue(commits, kept, isDispensable: false) }
        try run()
        // From those on first of which most stays, so that each commit is met once.
        while let kept = ancestors.keys.max(by: {
            ($0.commits, $1.since ?? .max) < ($1.commits, $0.since ?? .max)
        }) {
            enqueue(ancestors.removeValue(forKey: kept) ?? [], kept, isDispensable: true)
            try run()
        }
    }

    private mutating func enqueue(_ commits: Set<Checksum>, _ kept: KeptHistory, isDispensable: Bool) {
        for commit in commits where !isWalked(commit, kept) {
            queue.append(
                Job(
                    name: ObjectName(commit, .commit), parent: nil, isDispensable: isDispensable,
                    history: kept))
        }
    }

    /// Returns true if a commit was met, and as much of its history as is to stay.
    private func isWalked(_ commit: Checksum, _ kept: KeptHistory) -> Bool {
        let name = ObjectName(commit, .commit)
        // Without rules, all of it stays.
        guard rules != nil else { return seen.contains(name) }
        return walked.contains { since, counts in
            counts.value(of: ObjectKey(name)).map { KeptHistory(commits: $0, since: since).includes(kept) }
                ?? false
        }
    }

    private mutating func meet(_ name: ObjectName, of parent: Job) throws {
        guard seen.insert(name) else { return }
        try visit(name, parent.isDispensable ? nil : parent.name)
        guard name.type == .dirtree else { return }
        queue.append(Job(name: name, parent: parent.name, isDispensable: parent.isDispensable))
    }

    private mutating func run() throws {
        var underWay: ArraySlice<(job: Job, response: PendingResponse<Lookup<S3Object>>)> = []
        while true {
            while underWay.count < ReferenceWalk.window, let job = queue.popLast() {
                let get = S3Operation.get(
                    store.withObjects { $0.key(job.name) }, limit: Commit.maximumMetadataSize)
                underWay.append((job, store.client.start(get, cancellation: store.cancellation)))
            }
            guard let next = underWay.popFirst() else { return }
            try open(next.job, next.response.value().found)
        }
    }

    private mutating func open(_ job: Job, _ found: S3Object?) throws {
        guard let found else {
            guard job.isDispensable else { return try report(.missing(job.name, neededBy: job.parent)) }
            if job.name.type == .commit { missingParents.insert(job.name.checksum) } else { hasGaps = true }
            return
        }
        let isIntact = Digest(of: found.bytes).finish() == job.name.checksum
        if job.name.type == .commit {
            let commit = isIntact ? try found.bytes.withUnsafeBytes { try Commit($0, job.name) } : nil
            guard job.history.contains(0, commit) || isYoung(found) else {
                ends.insert(job.name.checksum)
                return
            }
            if let commit { try open(commit, job) }
        } else if isIntact {
            let tree = try found.bytes.withUnsafeBytes { try DirTree($0, job.name) }
            try tree.forEachPart { try meet($0, of: job) }
        }
        if !isIntact { try report(.damaged(job.name, reason: "its content has another checksum")) }
    }

    private func isYoung(_ found: S3Object) -> Bool {
        guard let rules, let modified = found.attributes.modified else { return true }
        return modified > rules.oldest
    }

    /// Meets a commit that stays, for the first time or with more history than before.
    private mutating func open(_ commit: Commit, _ job: Job) throws {
        guard !isWalked(job.name.checksum, job.history) else { return }
        if rules != nil {
            walked[job.history.since, default: ObjectMap()].set(job.history.commits, of: ObjectKey(job.name))
        }
        if let parent = commit.parent { ancestors[job.history.ofParent, default: []].insert(parent) }
        guard seen.insert(job.name) else { return }
        commitCount += 1
        seen.insert(ObjectName(job.name.checksum, .commitmeta))
        try visit(job.name, nil)
        try meet(ObjectName(commit.treeMetadata, .dirmeta), of: job)
        try meet(ObjectName(commit.tree, .dirtree), of: job)
    }
}

extension ReferenceWalk.Fault {
    /// The sentence for those whose work ends there.
    func description(in location: String) -> RepositoryError {
        switch self {
        case .missing(let name, let parent):
            let need = parent.map { ", which \($0) needs," } ?? ""
            return RepositoryError(
                .missingObject,
                "object \(name)\(need) is missing in \(location), so nothing is removed there: push what needs it again, and "
                    + "look with 'bst-artifact repo fsck'")
        case .damaged(let name, let reason):
            return RepositoryError(
                .badObject,
                "object \(name) in \(location) is damaged, since \(reason), so nothing is removed there: restore it from a "
                    + "copy")
        }
    }
}
