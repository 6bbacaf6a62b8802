// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Makes room in a repository: the artifacts that were not used for the longest time go first.
///
/// An artifact is used when it is pushed, pushed again, or pulled as far as an access log tells (`AccessLog`). When that
/// was, is kept as the time of the ref's file.
public struct Expiry {
    /// How much room there has to be.
    public struct Limits: Sendable {
        /// The most bytes of disk that objects may take; nil for any number.
        public var maximumSize: UInt64?
        /// How many bytes of the file system must stay free; nil for none.
        public var minimumFree: UInt64?
        /// Shell-style patterns, in which `*` also stands for slashes, of refs that never go.
        public var kept: [String] = []

        /// No limits.
        public init() {}
    }

    /// A ref that goes.
    public struct Entry: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// Where it points to.
        public var commit: Checksum
        /// When it was used last, in seconds since 1970.
        public var lastUse: Int
    }

    /// What is to be done, or was done.
    public struct Report: Sendable, Equatable {
        /// The refs that go, the least recently used first.
        public var expired: [Entry] = []
        /// How many bytes of disk the objects took before.
        public var bytesBefore: UInt64 = 0
        /// How many bytes of disk go with them, and with what no ref needed before.
        public var freedBytes: UInt64 = 0
        /// How many bytes too many there are even so, because they are kept, or not the repository's.
        public var excessBytes: UInt64 = 0
        /// Refs that could not be listed, so that they and what they hold stay.
        public var leftOut: [RefListing.LeftOut] = []
    }

    private let repository: Repository
    private let limits: Limits

    /// Prepares to make room in `repository`.
    public init(_ repository: Repository, limits: Limits) {
        self.repository = repository
        self.limits = limits
    }

    /// Looks what would have to go, and changes nothing.
    ///
    /// - Parameters:
    ///   - additional: how many bytes are about to be added.
    ///   - needed: refs that must not go now.
    public func plan(addingBytes additional: UInt64 = 0, needing needed: [RefName] = []) throws -> Report {
        try prepare(additional, needed, StaticDeltas(repository)).report
    }

    /// Makes room where there is too little of it.
    ///
    /// Refs go under the ref lock, objects that nothing needs any more under libostree's exclusive lock, a part at a time,
    /// so that pushes wait for moments only. What a push in progress was told to be present stays. Where room for what
    /// is to be added cannot be made, nothing goes.
    ///
    /// - Parameters: as for `plan`.
    /// - Returns: what was done.
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
        // What came, was used or was pointed to meanwhile has stayed.
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
        let reserved = try repository.salvagedObjects()
        try reachable.add(reserved)
        // Nothing here removes these, so what they need is there to stay.
        for kind in ["refs/remotes", "refs/mirrors"] {
            for commit in try repository.tips(below: kind) { try reachable.add(commit) }
        }
        for commit in listing.leftOut.compactMap(\.commit) { try reachable.add(commit) }
        let candidates = try candidates(listing, needed)
        // Commits that stay under some name of this repository's own.
        var named = Set(reserved.filter { $0.type == .commit }.map(\.checksum))
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
            // The artifact's other name may have been kept.
            if named.contains(candidate.entry.commit) { continue }
            report.expired.append(candidate.entry)
        }
        report.expired.reverse()
        // Nobody's artifact goes for the history of another.
        for candidate in candidates.reversed() where !isFull {
            isFull = try !reachable.addAncestors(of: candidate.entry.commit, within: budget.target)
        }
        report.excessBytes = excess(reachable, budget)
        report.freedBytes = report.bytesBefore - min(report.bytesBefore, reachable.bytes)
        return (report, reachable, budget)
    }

    /// The bytes above the limit that stay.
    private func excess(_ reachable: ReachableObjects, _ budget: Budget) -> UInt64 {
        adding(reachable.bytes - min(reachable.bytes, budget.allowed), budget.shortage)
    }

    /// How much may stay.
    private struct Budget {
        /// The most bytes that may stay.
        var allowed: UInt64
        /// How many bytes too few there were even if nothing stayed.
        var shortage: UInt64
        /// A little more goes than must, so that not every push has to make room.
        var target: UInt64 { allowed - allowed / 20 }
    }

    /// How many bytes may stay; nil where all may.
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

    /// A sum that no peer can make too large.
    private func adding(_ left: UInt64, _ right: UInt64) -> UInt64 {
        left + min(right, .max - left)
    }

    /// The refs, the least recently used first.
    private func candidates(_ listing: RefListing, _ needed: [RefName]) throws -> [Candidate] {
        let needed = Set(needed)
        let pins = try repository.pins()
        let uses = try repository.lastUses(of: listing)
        // An alias and what it points to are one artifact with two names: what keeps one of them keeps both.
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

    /// Removes refs that nobody has moved or used since.
    private func remove(_ entries: [Entry]) throws -> [Entry] {
        try repository.withRefLock {
            try repository.withSharedLock {
                // A change that a crash cut short must not be completed later, when the refs are gone.
                _ = try repository.finishJournal()
                let temporary = try repository.standardDirectory("tmp")
                let listing = try repository.refListing()
                let uses = try repository.lastUses(of: listing)
                let commits = Dictionary(listing.refs.map { ($0.ref, $0.commit) }) { first, _ in first }
                let going = Set(
                    entries.filter { commits[$0.ref] == $0.commit && uses[$0.ref] == $0.lastUse }.map(\.ref))
                // What somebody has made an alias of meanwhile stays.
                let aliased = Set(
                    listing.aliases.filter { !going.contains($0.key) }.map {
                        listing.target(of: $0.value).ref
                    })
                let removed = entries.filter {
                    going.contains($0.ref) && !aliased.contains(listing.target(of: $0.ref).ref)
                }
                for ref in listing.aliasesFirst(removed.map(\.ref)) {
                    try repository.point(ref, to: nil, temporaryFilesIn: temporary)
                }
                try repository.syncRefDirectories(of: removed.map(\.ref))
                return removed
            }
        }
    }
}
