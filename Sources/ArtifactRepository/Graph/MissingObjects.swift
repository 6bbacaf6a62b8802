// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Walks commits whose objects are partly here and partly to be brought, and tells which ones are lacking, as those arrive that
/// name others.
///
/// Folders are opened one after the other, and only when the files of those before them have been asked for: so a list of
/// missing files is never longer than one folder. Folders that the store is known to have whole are not opened.
public final class MissingObjects {
    private let quarantine: any Quarantine
    private let followsParents: Bool
    /// Whether what was seen or remembered before is believed. Otherwise everything is looked at again.
    private let trustsMarks: Bool
    /// What is known to be missing and was not asked for yet. A name may stand in it twice.
    private var missing: [ObjectName] = []
    /// Folders that are here but whose names were not looked at.
    private var unopened: [ObjectName] = []
    /// Commits, and folders that were here from the beginning; everything else that was met is looked up in the quarantine.
    private var met: Set<ObjectName> = []
    /// What was asked for and is not in the quarantine yet.
    private var awaited: Set<ObjectName> = []
    /// The commits that were asked for as parents of others, which need not exist.
    private var parents: Set<ObjectName> = []

    /// More folders than these do not wait to be opened: a peer decides how many there are.
    private static let unopenedLimit = 500_000

    /// Prepares to look for what is in neither a quarantine nor its store.
    ///
    /// - Parameters:
    ///   - quarantine: where objects arrive.
    ///   - followsParents: whether the parents of missing commits are wanted too, where they are to be had.
    ///   - trustsMarks: whether to believe what the store remembers to have whole, and not to look.
    public init(in quarantine: any Quarantine, followsParents: Bool = false, trustsMarks: Bool = true) {
        self.quarantine = quarantine
        self.followsParents = followsParents
        self.trustsMarks = trustsMarks
    }

    /// How many objects are known to be missing.
    public var count: Int { missing.count + awaited.count }

    /// Whether nothing is missing. Where `next` returns nil before, something that was asked for is to arrive first.
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
                // What was received was met before.
                if try quarantine.holds(name) || quarantine.storeHasWhole(name.checksum) { return }
            }
            guard try quarantine.contains(name) else { return missing.append(name) }
            if met.insert(name).inserted { try open(later: name) }
        case .dirmeta, .file, .commitmeta:
            if try !awaited.contains(name) && !quarantine.contains(name) { missing.append(name) }
        }
    }

    private func open(later folder: ObjectName) throws {
        guard unopened.count < MissingObjects.unopenedLimit else {
            throw RepositoryError.badObject(
                folder,
                "it has more than \(MissingObjects.unopenedLimit) folders beside it, and at most so many are taken"
            )
        }
        unopened.append(folder)
    }

    /// Looks at what a commit or folder that is here consists of.
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
            try want(ObjectName(commit.treeMetadata, .dirmeta))
            try want(ObjectName(commit.tree, .dirtree))
            return
        }
        let tree = try bytes.withUnsafeBytes { try DirTree($0, name) }
        for index in 0..<tree.fileCount {
            if let file = tree.file(index) { try want(ObjectName(file, .file)) }
        }
        // Folders are asked for first, since the last ones come first: what is in them is to be known before the files are all
        // asked for, or there is nothing to do for as long as a question takes.
        for index in 0..<tree.directoryCount {
            guard let child = tree.directory(index) else { continue }
            try want(ObjectName(child.metadata, .dirmeta))
            try want(ObjectName(child.tree, .dirtree))
        }
    }

    /// The next object to ask for, or nil where nothing is known to be missing at the moment.
    public func next() throws -> ObjectName? {
        while true {
            if let name = missing.popLast() {
                // It may have come since, under another name in the tree.
                if try quarantine.holds(name) || !awaited.insert(name).inserted { continue }
                return name
            }
            guard let folder = unopened.popLast() else { return nil }
            try open(folder)
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
