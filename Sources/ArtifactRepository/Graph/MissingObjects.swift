// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Walks commits of which some objects are missing, and yields the missing ones as those arrive that name others.
///
/// Directories are opened one at a time, when the files of the one before have been requested: so the list of
/// missing files is never longer than one directory. Directories that the store is known to have whole are not opened.
public final class MissingObjects {
    private let quarantine: any Quarantine
    private let scope: AncestorScope
    /// True to believe what was seen or marked before; false to look at everything again.
    private let trustsMarks: Bool
    /// Indicates that the quarantine may store files before the publication.
    private let allowsEarlyStorage: Bool
    /// Missing objects that were not requested yet. A name may stand in it twice.
    private var missing: [ObjectName] = []
    /// Directories that are here and were not opened yet.
    private var unopened: [ObjectName] = []
    /// Directories that were here from the beginning; everything else is looked up in the quarantine.
    private var met: Set<ObjectName> = []
    /// Requested objects that are not in the quarantine yet.
    private var awaited: Set<ObjectName> = []
    /// Directories and commits that came without having been requested, and were not opened yet.
    private var unrequested: Set<ObjectName> = []
    /// Objects that the peer does not have, as it said before they were requested.
    private var absent: Set<ObjectName> = []
    /// The commits that were added.
    private var tips: Set<Checksum> = []
    /// The commits that were met, tips and ancestors, each with the greatest depth in which its ancestors are wanted.
    private var depths: [Checksum: HistoryDepth] = [:]
    /// Ancestors that were requested and did not arrive yet, which the peer need not have, each with a child of it.
    private var children: [Checksum: Checksum] = [:]
    /// The places where history ends because the peer lacks a parent.
    public private(set) var historyEnds: [HistoryEnd] = []
    /// Finds commits that are here and that new ones may resemble. Where one has a whole tree, what directories have in common with
    /// those in whose places they are is not looked for.
    package var findSimilar: () throws -> [Checksum] = { [] }
    private var similar: [Checksum]?
    /// The roots of the commits that were added, where they were not compared with others yet.
    private var roots: Set<Checksum> = []
    private var counterparts = Counterparts()

    /// Limit of unopened directories: a peer decides how many there are.
    private static let unopenedLimit = 500_000
    /// Limit of commits that are met: a peer decides how long a history is.
    package var commitLimit = 500_000

    /// Prepares to look for objects that are in neither a quarantine nor its store.
    ///
    /// - Parameters:
    ///   - quarantine: the place that objects arrive in.
    ///   - scope: the ancestors to look for. The peer need not have them.
    ///   - trustsMarks: true to believe what the store remembers to have whole, and not to look.
    ///   - allowsEarlyStorage: false where somebody may still refuse what arrives; see `Quarantine.expect`.
    public init(
        in quarantine: any Quarantine, ancestors scope: AncestorScope = .depth(.commitOnly),
        trustsMarks: Bool = true, allowsEarlyStorage: Bool = true
    ) {
        self.quarantine = quarantine
        self.scope = scope
        self.trustsMarks = trustsMarks
        self.allowsEarlyStorage = allowsEarlyStorage
    }

    /// The number of objects that are known to be missing.
    public var count: Int { missing.count + awaited.count }

    /// True if nothing is missing. If `next` returns nil before that, a requested object has to arrive first.
    public var isEmpty: Bool { missing.isEmpty && awaited.isEmpty && unopened.isEmpty }

    /// Adds a commit, with its detached metadata and its tree, and the ancestors that are looked for.
    ///
    /// - Throws: `RepositoryError` with `notAllowed` if histories are too long.
    public func add(_ commit: Checksum) throws {
        guard tips.insert(commit).inserted else { return }
        let name = ObjectName(commit, .commit)
        missing.append(ObjectName(commit, .commitmeta))
        let isAwaited = children.removeValue(forKey: commit) != nil
        try note(commit, scope.depth)
        if !isAwaited { try want(name) }
    }

    /// Notes that the ancestors of a commit are wanted.
    ///
    /// - Returns: false if as many of them were wanted before.
    @discardableResult
    private func note(_ commit: Checksum, _ depth: HistoryDepth) throws -> Bool {
        if let known = depths[commit], known.ancestors >= depth.ancestors { return false }
        guard depths.count < commitLimit else {
            throw RepositoryError(
                .notAllowed,
                "the history has more than \(commitLimit) commits, and at most so many are taken at a time: "
                    + "take fewer ancestors of its last commit")
        }
        depths[commit] = depth
        return true
    }

    /// Wants the ancestors of a commit that is here, back to the first one that has to be requested.
    private func wantAncestors(of commit: Checksum, parent: Checksum?) throws {
        var (child, next) = (commit, parent)
        while let parent = next, let depth = depths[child]?.ofParent {
            let isKnown = depths[parent] != nil
            guard try note(parent, depth) else { return }
            let name = ObjectName(parent, .commit)
            let isReceived = try quarantine.holds(name)
            guard try isReceived || quarantine.storeHasWhole(commit: parent) else {
                // One that is known is under way, and its ancestors are wanted when it arrives.
                if try !isKnown && (scope.includesCutHistory || !quarantine.storeHasCut(parent)) {
                    children[parent] = child
                    missing.append(name)
                }
                return
            }
            if case .untilStored = scope, !isReceived { return }
            if unrequested.remove(name) != nil { return try open(name) }
            (child, next) = (parent, try quarantine.parent(of: parent))
        }
    }

    private func want(_ name: ObjectName) throws {
        switch name.type {
        case .commit:
            if try quarantine.contains(name) { try open(name) } else { missing.append(name) }
        case .dirtree:
            if trustsMarks, try quarantine.holds(name) { return try openIfUnrequested(name) }
            guard try quarantine.contains(name) else { return missing.append(name) }
            if trustsMarks, quarantine.storeHasWhole(name.checksum) { return }
            if met.insert(name).inserted { try open(later: name) }
        case .dirmeta, .file, .commitmeta:
            if try !awaited.contains(name) && !quarantine.contains(name) { missing.append(name) }
        }
    }

    /// Opens a received directory or commit that was not met before, as those were that had been requested.
    private func openIfUnrequested(_ name: ObjectName) throws {
        guard unrequested.remove(name) != nil else { return }
        if name.type == .dirtree { try open(later: name) } else { try open(name) }
    }

    private func open(later directory: ObjectName) throws {
        guard unopened.count < MissingObjects.unopenedLimit else {
            throw RepositoryError.badObject(
                directory,
                "it has more than \(MissingObjects.unopenedLimit) folders beside it, and at most so many are taken"
            )
        }
        unopened.append(directory)
    }

    /// Wants the parts of a commit or directory that is here.
    private func open(_ name: ObjectName) throws {
        guard let bytes = try quarantine.metadata(name) else { return }
        if name.type == .commit {
            let commit = try bytes.withUnsafeBytes { try Commit($0, name) }
            if children.removeValue(forKey: name.checksum) != nil {
                missing.append(ObjectName(name.checksum, .commitmeta))
            }
            if tips.contains(name.checksum) { roots.insert(commit.tree) }
            try commit.forEachPart(want)
            // Last, so that the parent pops first: each ancestor costs a round trip.
            return try wantAncestors(of: name.checksum, parent: commit.parent)
        }
        let tree = try bytes.withUnsafeBytes { try DirTree($0, name) }
        let known = try partsOfCounterpart(of: tree, name.checksum)
        // Directories come last, so that they pop first; otherwise a round trip is lost once the files are requested.
        try tree.forEachPart { part in
            if known.contains(part) { quarantine.noteStored(part) } else { try want(part) }
        }
    }

    /// The parts of the directory in whose place a new one is, all of which are here; none if there is no such directory.
    private func partsOfCounterpart(of tree: DirTree, _ checksum: Checksum) throws -> Set<ObjectName> {
        guard trustsMarks, !quarantine.comparesDirectories else { return [] }
        func whole(_ other: Checksum) throws -> DirTree? {
            try quarantine.wholeDirectory(other)?.withUnsafeBytes {
                try DirTree($0, ObjectName(other, .dirtree))
            }
        }
        func root(of commit: Checksum) throws -> Checksum? { try quarantine.commit(commit)?.tree }
        if roots.remove(checksum) != nil {
            let similar = try similar ?? findSimilar()
            self.similar = similar
            let base = try tree.mostSimilar(among: similar) { try root(of: $0).flatMap(whole) }
            if let base = try base.flatMap(root) { counterparts.insert(checksum, inPlaceOf: base) }
        }
        guard let other = try counterparts[checksum].flatMap(whole) else { return [] }
        return try counterparts.compare(tree, with: other)
    }

    /// The next object to request; nil if none is known to be missing at the moment.
    public func next() throws -> ObjectName? {
        while true {
            if let name = missing.popLast() {
                // It may have arrived since, by another path in the tree.
                if try quarantine.holds(name) {
                    try openIfUnrequested(name)
                } else if !absent.contains(name), awaited.insert(name).inserted {
                    if allowsEarlyStorage, name.type == .file { quarantine.expect(name) }
                    return name
                }
                continue
            }
            guard let directory = unopened.popLast() else { return nil }
            try open(directory)
        }
    }

    /// Notes that an object is in the quarantine now.
    public func arrived(_ name: ObjectName) throws {
        awaited.remove(name)
        switch name.type {
        case .commit: try open(name)
        case .dirtree: try open(later: name)
        case .dirmeta, .file, .commitmeta: break
        }
    }

    /// Notes that an object comes that was not requested, as from a static delta. It need not be one that is needed.
    package func comesUnrequested(_ name: ObjectName) {
        if name.type == .dirtree { unrequested.insert(name) }
    }

    /// Notes that a file comes before it is requested, so that it is not requested while it is being verified.
    package func comesAhead(_ file: ObjectName) { awaited.insert(file) }

    /// Notes that an object other than a file is in the quarantine now, which may have been requested meanwhile.
    ///
    /// - Throws: `RepositoryError` with `notAllowed` if too many came that nobody requested.
    package func arrivedAhead(_ name: ObjectName) throws {
        if awaited.contains(name) { return try arrived(name) }
        guard name.type == .dirtree || name.type == .commit else { return }
        guard unrequested.count < MissingObjects.unopenedLimit else {
            throw RepositoryError(
                .notAllowed,
                "more than \(MissingObjects.unopenedLimit) folders and commits came before they were asked for, and at most so "
                    + "many are taken")
        }
        unrequested.insert(name)
    }

    /// Returns true if an object was requested and is not in the quarantine yet.
    package func awaits(_ name: ObjectName) -> Bool { awaited.contains(name) }

    /// Puts an object back among the missing: it must be asked for again.
    public func requeue(_ name: ObjectName) {
        awaited.remove(name)
        missing.append(name)
    }

    /// Notes that the peer does not have an object. If it is an ancestor, history ends there.
    ///
    /// - Returns: true if it is not needed, either.
    public func markUnavailable(_ name: ObjectName) -> Bool {
        awaited.remove(name)
        if name.type == .commitmeta { absent.insert(name) }
        guard name.type == .commit else { return name.type == .commitmeta }
        guard let child = children.removeValue(forKey: name.checksum) else { return false }
        historyEnds.append(HistoryEnd(commit: child, missingParent: name.checksum))
        return true
    }

    /// Returns true if a commit is looked for as an ancestor of others, so that the peer need not have it.
    public func isDispensable(_ commit: Checksum) -> Bool { children[commit] != nil }
}
