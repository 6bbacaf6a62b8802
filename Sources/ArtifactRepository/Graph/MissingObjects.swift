// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Walks commits of which some objects are missing, and yields the missing ones as those arrive that name others.
///
/// Directories are opened one at a time, when the files of the one before have been requested: so the list of
/// missing files is never longer than one directory. Directories that the store is known to have whole are not opened.
public final class MissingObjects {
    private let quarantine: any Quarantine
    private let followsParents: Bool
    /// True to believe what was seen or marked before; false to look at everything again.
    private let trustsMarks: Bool
    /// Missing objects that were not requested yet. A name may stand in it twice.
    private var missing: [ObjectName] = []
    /// Directories that are here and were not opened yet.
    private var unopened: [ObjectName] = []
    /// Commits, and directories that were here from the beginning; everything else is looked up in the quarantine.
    private var met: Set<ObjectName> = []
    /// Requested objects that are not in the quarantine yet.
    private var awaited: Set<ObjectName> = []
    /// Directories that came without having been requested, and were not opened yet.
    private var unrequested: Set<Checksum> = []
    /// Commits that were requested as parents of others, which need not exist.
    private var parents: Set<ObjectName> = []

    /// Limit of unopened directories: a peer decides how many there are.
    private static let unopenedLimit = 500_000

    /// Prepares to look for objects that are in neither a quarantine nor its store.
    ///
    /// - Parameters:
    ///   - quarantine: the place that objects arrive in.
    ///   - followsParents: true to want the parents of missing commits too, if they are to be had.
    ///   - trustsMarks: true to believe what the store remembers to have whole, and not to look.
    public init(in quarantine: any Quarantine, followsParents: Bool = false, trustsMarks: Bool = true) {
        self.quarantine = quarantine
        self.followsParents = followsParents
        self.trustsMarks = trustsMarks
    }

    /// The number of objects that are known to be missing.
    public var count: Int { missing.count + awaited.count }

    /// True if nothing is missing. If `next` returns nil before that, a requested object has to arrive first.
    public var isEmpty: Bool { missing.isEmpty && awaited.isEmpty && unopened.isEmpty }

    /// Adds a commit, with its detached metadata and its tree.
    public func add(_ commit: Checksum) throws {
        let name = ObjectName(commit, .commit)
        guard met.insert(name).inserted else { return }
        missing.append(ObjectName(commit, .commitmeta))
        try want(name)
    }

    private func want(_ name: ObjectName) throws {
        switch name.type {
        case .commit:
            if try quarantine.contains(name) { try open(name) } else { missing.append(name) }
        case .dirtree:
            if trustsMarks {
                if try quarantine.holds(name) { return try openIfUnrequested(name) }
                if quarantine.storeHasWhole(name.checksum) { return }
            }
            guard try quarantine.contains(name) else { return missing.append(name) }
            if met.insert(name).inserted { try open(later: name) }
        case .dirmeta, .file, .commitmeta:
            if try !awaited.contains(name) && !quarantine.contains(name) { missing.append(name) }
        }
    }

    /// Opens a received directory that was not met before, as those were that had been requested.
    private func openIfUnrequested(_ directory: ObjectName) throws {
        if unrequested.remove(directory.checksum) != nil { try open(later: directory) }
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
            if followsParents, let parent = commit.parent,
                try !quarantine.contains(ObjectName(parent, .commit))
            {
                parents.insert(ObjectName(parent, .commit))
                try add(parent)
            }
            return try commit.forEachPart(want)
        }
        // Directories come last, so that they pop first; otherwise a round trip is lost once the files are requested.
        try bytes.withUnsafeBytes { try DirTree($0, name) }.forEachPart(want)
    }

    /// The next object to request; nil if none is known to be missing at the moment.
    public func next() throws -> ObjectName? {
        while true {
            if let name = missing.popLast() {
                // It may have arrived since, by another path in the tree.
                if try quarantine.holds(name) {
                    if name.type == .dirtree { try openIfUnrequested(name) }
                } else if awaited.insert(name).inserted {
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
        if name.type == .dirtree { unrequested.insert(name.checksum) }
    }

    /// Puts an object back among the missing: it must be asked for again.
    public func requeue(_ name: ObjectName) {
        awaited.remove(name)
        missing.append(name)
    }

    /// Notes that the peer does not have an object.
    ///
    /// - Returns: true if it is not needed, either.
    public func markUnavailable(_ name: ObjectName) -> Bool {
        awaited.remove(name)
        return name.type == .commitmeta || parents.contains(name)
    }
}
