// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The removal of artifacts from a repository, the least recently used first, until size limits are met.
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

    /// The result of an expiry, planned or done.
    public struct Report: Sendable, Equatable {
        /// The removed refs, the least recently used first.
        public var expired: [Entry] = []
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
    /// room for the additional bytes, nothing is removed.
    ///
    /// - Parameters: As for `plan`.
    /// - Returns: The result.
    public func run(addingBytes additional: UInt64 = 0, needing needed: [RefName] = []) throws -> Report {
        let deltas = try StaticDeltas(repository)
        var (report, reachable, budget) = try prepare(additional, needed, deltas)
        if additional > 0, report.excessBytes > 0 {
            (report.expired, report.freedBytes) = ([], 0)
            return report
        }
        guard report.freedBytes > 0 || !report.expired.isEmpty else { return report }
        report.expired = try remove(report.expired)
        var sweep = try Sweep(repository, reachable, deltas)
        report.freedBytes = try sweep.run()
        // Objects that arrived or became reachable meanwhile have stayed.
        if let budget { report.excessBytes = excess(sweep.reachable, budget) }
        return report
    }

    private struct Candidate {
        var entry: Entry
        var isKept: Bool
    }

    private func prepare(
        _ additional: UInt64, _ needed: [RefName], _ deltas: StaticDeltas
    ) throws -> (report: Report, reachable: ReachableObjects, budget: Budget?) {
        var report = Report()
        var reachable = ReachableObjects(repository, deltas: deltas)
        report.bytesBefore = try repository.allocatedBytes()
        let listing = try repository.refListing()
        report.leftOut = listing.leftOut
        guard let budget = try budget(report.bytesBefore, additional) else {
            return (report, reachable, nil)
        }
        let salvaged = try repository.salvagedObjects()
        try reachable.add(salvaged)
        // Expiry never removes these refs, so their objects stay.
        for kind in ["refs/remotes", "refs/mirrors"] {
            for commit in try repository.tips(below: kind) { try reachable.add(commit) }
        }
        for commit in listing.leftOut.compactMap(\.commit) { try reachable.add(commit) }
        let candidates = try candidates(listing, needed)
        // Commits that stay because of a local ref or a push in progress.
        var named = Set(salvaged.filter { $0.type == .commit }.map(\.checksum))
        for candidate in candidates where candidate.isKept {
            try reachable.add(candidate.entry.commit)
            named.insert(candidate.entry.commit)
        }
        var isFull = false
        for candidate in candidates.reversed() where !candidate.isKept {
            if try !isFull && reachable.add(candidate.entry.commit, within: budget.target) {
                named.insert(candidate.entry.commit)
                continue
            }
            isFull = true
            // Another ref to the same commit may have been kept.
            if named.contains(candidate.entry.commit) { continue }
            report.expired.append(candidate.entry)
        }
        report.expired.reverse()
        // History is kept only if no artifact has to go for it.
        for candidate in candidates.reversed() where !isFull {
            isFull = try !reachable.addAncestors(of: candidate.entry.commit, within: budget.target)
        }
        report.excessBytes = excess(reachable, budget)
        report.freedBytes = report.bytesBefore - min(report.bytesBefore, reachable.bytes)
        return (report, reachable, budget)
    }

    /// The bytes by which the limits are still exceeded.
    private func excess(_ reachable: ReachableObjects, _ budget: Budget) -> UInt64 {
        adding(reachable.bytes - min(reachable.bytes, budget.allowed), budget.shortage)
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
        if let maximum = limits.maximumSize, adding(total, additional) > maximum {
            let kept = min(maximum, additional)
            budget = Budget(allowed: maximum - kept, shortage: additional - kept)
        }
        let (free, needed) = (try repository.freeBytes(), adding(limits.minimumFree ?? 0, additional))
        if free < needed {
            let gone = min(total, needed - free)
            let other = Budget(allowed: total - gone, shortage: needed - free - gone)
            budget = Budget(
                allowed: min(other.allowed, budget?.allowed ?? .max),
                shortage: max(other.shortage, budget?.shortage ?? 0))
        }
        return budget
    }

    /// The sum, saturating: one operand may come from a peer.
    private func adding(_ left: UInt64, _ right: UInt64) -> UInt64 {
        left + min(right, .max - left)
    }

    /// The refs, the least recently used first.
    private func candidates(_ listing: RefListing, _ needed: [RefName]) throws -> [Candidate] {
        let needed = Set(needed)
        let pins = try repository.pins()
        let uses = try repository.lastUses(of: listing)
        // An alias and its target are one artifact with two names: a reason to keep one of them keeps both.
        let kept = listing.refs.map(\.ref).filter { ref in
            needed.contains(ref) || pins.contains(ref)
                || limits.kept.contains { fnmatch($0, ref.text, 0) == 0 }
        }
        let keptTargets = Set(kept.map { listing.target(of: $0).ref })
        return listing.refs.map { ref, commit in
            let time = uses[ref] ?? 0
            let isKept = keptTargets.contains(listing.target(of: ref).ref)
            return Candidate(entry: Entry(ref: ref, commit: commit, lastUse: time), isKept: isKept)
        }.sorted { ($0.entry.lastUse, $0.entry.ref) < ($1.entry.lastUse, $1.entry.ref) }
    }

    /// Removes the refs that were neither moved nor used since they were listed.
    private func remove(_ entries: [Entry]) throws -> [Entry] {
        try repository.withLocks {
            // A transaction that a crash interrupted must not be completed later, when the refs are gone.
            _ = try repository.finishJournal()
            let listing = try repository.refListing()
            let uses = try repository.lastUses(of: listing)
            let commits = Dictionary(listing.refs.map { ($0.ref, $0.commit) }) { first, _ in first }
            let going = Set(
                entries.filter { commits[$0.ref] == $0.commit && uses[$0.ref] == $0.lastUse }.map(\.ref))
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
