// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Chooses objects to send before they are requested, so that a tree costs no round trip for each of its levels.
///
/// Directories are chosen breadth first within a budget, which doubles with each round in which the peer requests something
/// below them, and halves with each other. Where a commit is known that the peer has, only what differs from that is chosen, and
/// the first budget is larger, since little of it will be there.
package struct ObjectsAhead {
    private let repository: Repository
    /// Commits that the peer has, by the new ones that follow them.
    private let bases: [Checksum: Checksum]
    /// Commits that the peer has, of which one may resemble a new one.
    private let similar: [Checksum]
    /// Directories of commits that the peer has, by those that took their places.
    private var counterparts = Counterparts()
    /// Objects that were sent ahead and not requested since.
    private var sent: Set<ObjectName> = []
    /// Objects that were sent, in whichever way, and may be parts of others. One that is wrongly among them is not sent ahead, and so
    /// requested.
    private var given = ObjectSet()
    /// The parts of the directories that were chosen in this round.
    private var below: Set<ObjectName> = []
    private var isFirstRound = true
    /// The commits that new ones were compared with.
    private(set) var usedBases: Set<Checksum> = []
    private var roundBudget = ObjectsAhead.firstBudget
    /// The bytes that may still be chosen in this round.
    private var budget = ObjectsAhead.firstBudget

    /// The first choice that is to be made, if it was made in advance, and this value as it is after that; at most one.
    private var anticipated: [(name: ObjectName, chosen: [ObjectName], after: ObjectsAhead)] = []

    private static let firstBudget = 64 * 1024
    private static let firstBudgetOfChange = 1024 * 1024
    /// The bytes of an object's message, and of the header of a file that is stored without.
    private static let overhead = 96
    /// The most directories that are opened to find those that changed.
    private static let primedDirectories = 1000
    private static let budgets = 4 * 1024...4 * 1024 * 1024

    /// Prepares to choose.
    ///
    /// - Parameters:
    ///   - bases: commits that the peer is known to have, by the new ones that are likely to resemble them.
    ///   - similar: commits that the peer is known to have, for new ones without a base.
    package init(_ repository: Repository, bases: [Checksum: Checksum] = [:], similar: [Checksum] = []) {
        (self.repository, self.bases, self.similar) = (repository, bases, similar)
    }

    /// Notes that the peer has a commit already, and asks for parts of it: finds the directories that changed, so that for each the
    /// one that it replaces is known.
    package mutating func prime(_ commit: Checksum) throws {
        var next = [ObjectName(commit, .commit)][...]
        var count = 0
        while let container = next.popFirst(), count < ObjectsAhead.primedDirectories {
            count += 1
            let (parts, isChange) = try parts(of: container)
            if isChange { next += parts.filter { counterparts[$0.checksum] != nil } }
        }
    }

    /// Enlarges the first budget, for a commit that is known to resemble one that the peer has.
    private mutating func enlargeBudget() {
        guard isFirstRound, roundBudget == ObjectsAhead.firstBudget else { return }
        roundBudget = ObjectsAhead.firstBudgetOfChange
        budget += ObjectsAhead.firstBudgetOfChange - ObjectsAhead.firstBudget
    }

    /// Begins another round.
    package mutating func beginRound(_ requests: [ObjectName]) {
        let isUseful = requests.contains(where: below.contains)
        let next = isUseful ? roundBudget * 2 : roundBudget / 2
        roundBudget = min(max(next, ObjectsAhead.budgets.lowerBound), ObjectsAhead.budgets.upperBound)
        budget = roundBudget
        isFirstRound = false
        below.removeAll(keepingCapacity: true)
    }

    /// Returns true if an object was sent ahead. It is forgotten then, so that a second request is answered.
    package mutating func takeSent(_ name: ObjectName) -> Bool { sent.remove(name) != nil }

    /// Notes that an object is sent because it was requested.
    package mutating func note(_ name: ObjectName) {
        given.insert(name)
        if !anticipated.isEmpty { anticipated[0].after.given.insert(name) }
    }

    /// Chooses in advance what a request for a commit is answered with, if it is the first one.
    package mutating func anticipate(_ commit: Checksum) throws {
        let name = ObjectName(commit, .commit)
        var after = self
        after.note(name)
        let chosen = try after.choose(below: name)
        anticipated = [(name, chosen, after)]
    }

    /// Chooses a commit, its detached metadata and objects below it; nothing if there is no room.
    package mutating func choose(commit: Checksum) throws -> [ObjectName] {
        var own: [ObjectName] = []
        guard try choose(ObjectName(commit, .commit), into: &own) else { return [] }
        _ = try choose(ObjectName(commit, .commitmeta), into: &own)
        return try choose(below: ObjectName(commit, .commit)) + own
    }

    /// Chooses objects below a commit or directory, in the order in which they are to be sent: what names others comes after
    /// them, so that a peer finds them there when it opens it.
    ///
    /// - Throws: `RepositoryError` if the repository is damaged.
    package mutating func choose(below name: ObjectName) throws -> [ObjectName] {
        if let next = anticipated.popLast(), next.name == name, isFirstRound, sent.isEmpty {
            self = next.after
            return next.chosen
        }
        guard budget > 0 else { return [] }
        var chosen: [ObjectName] = []
        var files: [ObjectName] = []
        var next = [name][...]
        while budget > 0, let container = next.popFirst() {
            let (parts, isChange) = try parts(of: container)
            if container != name { below.formUnion(parts) }
            for part in parts {
                switch part.type {
                case .dirtree: if try choose(part, into: &chosen) { next.append(part) }
                // A peer of which nothing is known is likely to have some of them, and knows their names as soon as it has
                // the directories.
                case .file: if isChange { files.append(part) }
                default: if isChange { _ = try choose(part, into: &chosen) }
                }
            }
        }
        for file in files where budget > 0 { _ = try choose(file, into: &chosen) }
        return chosen.reversed()
    }

    /// Chooses an object that was not sent before and that there is room for.
    private mutating func choose(_ name: ObjectName, into chosen: inout [ObjectName]) throws -> Bool {
        guard !given.contains(name), let stored = try repository.storedSize(of: name) else { return false }
        // Most files deflate to a third or less.
        let isDeflated = name.type == .file && repository.mode != .archive
        let size = Int(clamping: isDeflated ? stored / 3 : stored) + ObjectsAhead.overhead
        guard size <= budget else { return false }
        budget -= size
        sent.insert(name)
        given.insert(name)
        chosen.append(name)
        return true
    }

    /// The parts of a commit or directory that its counterpart at the peer does not have; of a directory without one, all
    /// parts; of such a commit, none, since the peer may have its whole tree from elsewhere.
    private mutating func parts(of name: ObjectName) throws -> (parts: [ObjectName], isChange: Bool) {
        var parts: [ObjectName] = []
        if name.type == .commit {
            let commit = try repository.commit(name.checksum)
            guard let base = try base(of: commit, name.checksum) else { return ([], false) }
            enlargeBudget()
            var known: Set<ObjectName> = []
            try base.forEachPart { known.insert($0) }
            counterparts.insert(commit.tree, inPlaceOf: base.tree)
            try commit.forEachPart { if !known.contains($0) { parts.append($0) } }
            return (parts, true)
        }
        guard name.type == .dirtree else { return ([], false) }
        let tree = try repository.tree(name.checksum)
        guard let other = counterparts[name.checksum].flatMap({ try? repository.tree($0) }) else {
            try tree.forEachPart { parts.append($0) }
            return (parts, false)
        }
        let known = try counterparts.compare(tree, with: other)
        try tree.forEachPart { if !known.contains($0) { parts.append($0) } }
        return (parts, true)
    }

    /// The commit that the peer has and that a new one resembles; nil if none is known, or it is not here.
    private mutating func base(of commit: Commit, _ checksum: Checksum) throws -> Commit? {
        var base = bases[checksum] ?? commit.parent
        if try base.map(repository.hasWhole) != true { base = try mostSimilar(to: commit) }
        guard let base else { return nil }
        usedBases.insert(base)
        return try repository.commit(base)
    }

    /// The one of the similar commits that has most in common with a commit at the root of its tree; nil if none has anything.
    private func mostSimilar(to commit: Commit) throws -> Checksum? {
        guard !similar.isEmpty else { return nil }
        return try repository.tree(commit.tree).mostSimilar(among: similar) { candidate in
            guard try repository.hasWhole(candidate) else { return nil }
            return try repository.tree(repository.commit(candidate).tree)
        }
    }
}
