// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The removal of artifacts from a repository: of the history of refs by rules, and of refs, the least recently used first,
/// until size limits are met.
///
/// Pushing an artifact, also again, and pulling it according to an access log (`AccessLog`) count as uses. The
/// modification time of a ref's file is the time of its last use.
public struct Expiry {
    /// The limits to be met.
    public struct Limits: Sendable {
        /// The maximum disk usage of objects in bytes; nil for no limit.
        public var maximumSize: UInt64?
        /// The bytes of the file system that must stay free; nil for none.
        public var minimumFree: UInt64?
        /// Shell-style patterns of refs that are never removed; `*` also matches slashes.
        public var kept: [String] = []
        /// The rules for the history of refs, which count where there is room, too. Pinned refs are exempt.
        public var history: [HistoryRule] = []

        /// No limits.
        public init() {}
    }

    /// A ref to be removed.
    public struct Entry: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// The commit that it points to.
        public var commit: Checksum
        /// The time of its last use, in seconds since 1970.
        public var lastUse: Int
    }

    /// A ref that stays and loses the older commits of its history.
    public struct ShortenedHistory: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// The number of commits that stay, the ref's own included.
        public var keptCommits: Int
        /// The number of removed commits.
        public var removedCommits: Int
    }

    /// The result of an expiry, planned or done.
    public struct Report: Sendable, Equatable {
        /// The removed refs, the least recently used first.
        public var expired: [Entry] = []
        /// The refs whose history is cut, sorted.
        public var shortened: [ShortenedHistory] = []
        /// The disk usage before, in bytes.
        public var bytesBefore: UInt64 = 0
        /// The bytes of disk freed, including those of objects that were unreachable before.
        public var freedBytes: UInt64 = 0
        /// The bytes by which the limits are still exceeded, because of kept refs or of files outside the repository.
        public var excessBytes: UInt64 = 0
        /// Refs that could not be listed; they and their objects stay.
        public var leftOut: [RefListing.LeftOut] = []
    }

    private let repository: Repository
    private let limits: Limits

    /// Prepares an expiry of `repository`.
    public init(_ repository: Repository, limits: Limits) {
        self.repository = repository
        self.limits = limits
    }

    /// Computes what an expiry would remove, without changing anything.
    ///
    /// - Parameters:
    ///   - additional: The bytes that are about to be added.
    ///   - needed: Refs that must not be removed now.
    public func plan(addingBytes additional: UInt64 = 0, needing needed: [RefName] = []) throws -> Report {
        try prepare(additional, needed, StaticDeltas(repository)).report
    }

    /// Removes artifacts until the limits are met.
    ///
    /// Refs are removed under the ref lock, unreachable objects under libostree's exclusive lock, in batches, so that
    /// pushes wait only briefly. Objects that a push in progress was told are present stay. If there cannot be enough
    /// room for the additional bytes, nothing is removed. Where history is cut, that is noted (`Repository.isCut`).
    ///
    /// - Parameters: As for `plan`.
    /// - Returns: The result.
    public func run(addingBytes additional: UInt64 = 0, needing needed: [RefName] = []) throws -> Report {
        // Of a million objects, the names take as much memory as a summary does, which often comes next.
        defer { CurrentProcess.releaseFreeMemory() }
        return try removeArtifacts(additional, needed)
    }

    private func removeArtifacts(_ additional: UInt64, _ needed: [RefName]) throws -> Report {
        let deltas = try StaticDeltas(repository)
        let start = try repository.settledTime()
        var plan = try prepare(additional, needed, deltas)
        if additional > 0, plan.report.excessBytes > 0 {
            (plan.report.expired, plan.report.shortened, plan.report.freedBytes) = ([], [], 0)
            return plan.report
        }
        guard plan.report.freedBytes > 0 || !plan.report.expired.isEmpty else { return plan.report }
        // Before the first commit goes. Without the note, which a full disk may not take, pushes cost more, and no less.
        try? repository.noteCutCommits(adding: plan.cutCommits)
        plan.report.expired = try remove(plan.report.expired)
        var sweep = Sweep(repository, plan.reachable, deltas, history: plan.history, before: start)
        plan.report.freedBytes = try sweep.run()
        try? repository.noteCutCommits(removing: plan.cutBefore.subtracting(plan.cutCommits))
        // Objects that arrived or became reachable meanwhile have stayed.
        if let budget = plan.budget { plan.report.excessBytes = excess(plan.reachable, budget) }
        return plan.report
    }

    /// A ref of a listing.
    private struct Candidate {
        /// The time of its last use, in seconds since 1970.
        var lastUse: Int
        /// Its index in the listing.
        var index: UInt32
        /// Indicates a ref that is not to be removed.
        var isKept: Bool
        /// Indicates a ref that is to be removed.
        var isExpired = false
    }

    private struct Plan {
        var report = Report()
        /// The objects that stay.
        var reachable: ReachableObjects
        /// The limits of space; nil if they are met.
        var budget: Budget?
        /// The rules for the history of refs that move meanwhile; nil if it goes for want of space.
        var history: HistoryRules?
        /// The commits where histories were cut before.
        var cutBefore: Set<Checksum> = []
        /// The commits where histories are cut now.
        var cutCommits: Set<Checksum> = []
    }

    private func prepare(
        _ additional: UInt64, _ needed: [RefName], _ deltas: StaticDeltas
    ) throws -> Plan {
        var report = Report()
        let reachable = ReachableObjects(repository, deltas: deltas)
        report.bytesBefore = try repository.allocatedBytes()
        let listing = try repository.refListing()
        report.leftOut = listing.leftOut
        let budget = try budget(report.bytesBefore, additional)
        guard budget != nil || !limits.history.isEmpty else {
            return Plan(report: report, reachable: reachable)
        }
        let target = budget?.target ?? .max
        let salvaged = try repository.salvagedObjects()
        try reachable.add(salvaged)
        // Expiry never removes these refs, so their objects stay; their history only if there is room.
        let others = try ["refs/remotes", "refs/mirrors"].flatMap {
            try repository.tips(below: $0).map(\.commit)
        }
        for commit in others + listing.leftOut.compactMap(\.commit) {
            try reachable.add(commit)
            if budget == nil { try reachable.addHistory(of: commit) }
        }
        let pins = try repository.pins()
        var candidates = try candidates(listing, needed, pins)
        // Commits that stay because of a local ref or a push in progress.
        var named = ObjectSet()
        for name in salvaged where name.type == .commit { named.insert(name) }
        for candidate in candidates where candidate.isKept {
            let commit = listing.refs[Int(candidate.index)].commit
            if named.insert(ObjectName(commit, .commit)) { try reachable.add(commit) }
        }
        var isFull = false
        for number in candidates.indices.reversed() where !candidates[number].isKept {
            if reachable.bytes > target { isFull = true }
            let (ref, commit) = listing.refs[Int(candidates[number].index)]
            let name = ObjectName(commit, .commit)
            // Another ref to the same commit may have been kept.
            if named.contains(name) { continue }
            if try !isFull && reachable.add(commit, within: target) {
                named.insert(name)
                continue
            }
            isFull = true
            candidates[number].isExpired = true
            report.expired.append(Entry(ref: ref, commit: commit, lastUse: candidates[number].lastUse))
        }
        report.expired.reverse()
        let history = HistoryRules(limits.history, except: pins)
        var ended: [(ref: RefName, commit: Checksum)] = []
        for candidate in candidates.reversed() where !candidate.isExpired {
            let entry = listing.refs[Int(candidate.index)]
            // History is kept only if no artifact has to go for it.
            let kept = isFull ? .tip : history.kept(of: entry.ref)
            let (fits, end) = try reachable.addHistory(of: entry.commit, kept, within: target)
            if !fits { isFull = true }
            if end != nil { ended.append(entry) }
        }
        if let budget { report.excessBytes = excess(reachable, budget) }
        report.freedBytes = report.bytesBefore - min(report.bytesBefore, reachable.bytes)
        // Without rules, what a ref that moves meanwhile leaves behind may go.
        let isRuled = !isFull && !limits.history.isEmpty
        var plan = Plan(
            report: report, reachable: reachable, budget: budget, history: isRuled ? history : nil)
        plan.cutBefore = try repository.cutCommits()
        for entry in ended.sorted(by: { $0.ref < $1.ref }) { try cut(entry.ref, entry.commit, &plan) }
        return plan
    }

    /// Notes the commits of a ref's history that do not stay.
    private func cut(_ ref: RefName, _ commit: Checksum, _ plan: inout Plan) throws {
        var history = ShortenedHistory(ref: ref, keptCommits: 0, removedCommits: 0)
        var next: Checksum? = commit
        var childStays = false
        while let commit = next {
            let stays = plan.reachable.contains(ObjectName(commit, .commit))
            let opened = try repository.ifIntact { try repository.commit(commit) }
            if childStays && !stays && (opened != nil || plan.cutBefore.contains(commit)) {
                plan.cutCommits.insert(commit)
            }
            if opened != nil {
                if stays { history.keptCommits += 1 } else { history.removedCommits += 1 }
            }
            (next, childStays) = (opened?.parent, stays)
        }
        if history.removedCommits > 0 { plan.report.shortened.append(history) }
    }

    /// The bytes by which the limits are still exceeded.
    private func excess(_ reachable: ReachableObjects, _ budget: Budget) -> UInt64 {
        (reachable.bytes - min(reachable.bytes, budget.allowed)).adding(budget.shortage)
    }

    /// The amount of data that may stay.
    private struct Budget {
        /// The maximum number of bytes that may stay.
        var allowed: UInt64
        /// The bytes that would be missing even if nothing stayed.
        var shortage: UInt64
        /// 5 % below the limit, so that not every push triggers an expiry.
        var target: UInt64 { allowed - allowed / 20 }
    }

    /// Computes the budget; nil if no limit is exceeded.
    private func budget(_ total: UInt64, _ additional: UInt64) throws -> Budget? {
        var budget: Budget?
        if let maximum = limits.maximumSize, total.adding(additional) > maximum {
            let kept = min(maximum, additional)
            budget = Budget(allowed: maximum - kept, shortage: additional - kept)
        }
        let (free, needed) = (try repository.freeBytes(), (limits.minimumFree ?? 0).adding(additional))
        if free < needed {
            let gone = min(total, needed - free)
            let other = Budget(allowed: total - gone, shortage: needed - free - gone)
            budget = Budget(
                allowed: min(other.allowed, budget?.allowed ?? .max),
                shortage: max(other.shortage, budget?.shortage ?? 0))
        }
        return budget
    }

    /// The refs, the least recently used first.
    private func candidates(
        _ listing: RefListing, _ needed: [RefName], _ pins: Pins
    ) throws -> [Candidate] {
        let needed = Set(needed)
        let uses = try repository.lastUses(ofAliasesIn: listing)
        // An alias and its target are one artifact with two names: a reason to keep one of them keeps both.
        func isKept(_ ref: RefName) -> Bool {
            needed.contains(ref) || pins.contains(ref) || ref == Repository.metadataRef
                || limits.kept.contains { fnmatch($0, ref.text, 0) == 0 }
        }
        let keptTargets = Set(listing.aliases.keys.filter(isKept).map { listing.target(of: $0).ref })
        var candidates: [Candidate] = []
        candidates.reserveCapacity(listing.refs.count)
        for (index, (ref, _)) in listing.refs.enumerated() {
            let target = listing.target(of: ref).ref
            let time = try uses[target] ?? repository.lastUse(of: ref) ?? 0
            candidates.append(
                Candidate(
                    lastUse: time, index: UInt32(index),
                    isKept: isKept(target) || keptTargets.contains(target))
            )
        }
        // Refs are listed in the order of their names.
        candidates.sort { ($0.lastUse, $0.index) < ($1.lastUse, $1.index) }
        return candidates
    }

    private func isRef(_ ref: RefName, at commit: Checksum) throws -> Bool {
        try repository.ifIntact { try repository.commit(of: ref) } == commit
    }

    /// Removes the refs that were neither moved nor used since they were listed.
    private func remove(_ entries: [Entry]) throws -> [Entry] {
        try repository.withLocks {
            // A transaction that a crash interrupted must not be completed later, when the refs are gone.
            _ = try repository.finishJournal()
            let listing = try repository.refListing(onlyAliases: true)
            let uses = try repository.lastUses(ofAliasesIn: listing)
            let going = Set(
                try entries.filter { entry in
                    let use = try uses[listing.target(of: entry.ref).ref] ?? repository.lastUse(of: entry.ref)
                    return try use == entry.lastUse && isRef(entry.ref, at: entry.commit)
                }.map(\.ref))
            // Refs that became the target of an alias meanwhile stay.
            let aliased = Set(
                listing.aliases.filter { !going.contains($0.key) }.map {
                    listing.target(of: $0.value).ref
                })
            let removed = entries.filter {
                going.contains($0.ref) && !aliased.contains(listing.target(of: $0.ref).ref)
            }
            for ref in listing.aliasesFirst(removed.map(\.ref)) {
                try repository.point(ref, to: nil)
            }
            try repository.syncRefDirectories(of: removed.map(\.ref))
            return removed
        }
    }
}
