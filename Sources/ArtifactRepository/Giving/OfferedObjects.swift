// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The objects of commits, for a peer that asks for objects by name: it gets those and no others.
///
/// Usually a peer asks for objects that the last ones named, which are known then. It may also have a part of the tree from
/// elsewhere and ask for objects below it; then the tree is walked until they are found.
public final class OfferedObjects {
    private let repository: Repository
    /// Of each name, 125 bits: as many as nobody can bring about for an object that is not his own.
    private var offered = ChecksumTable<Void>(wordsPerElement: 2)
    /// Offered directories that were not opened yet.
    private var unopened: Set<ObjectName> = []
    /// Offered commits that were not opened yet.
    private var unopenedCommits: Set<ObjectName> = []
    /// Commits and directories whose parts are likely to be asked for.
    private var likely: [ObjectName] = []

    private static let likelyLimit = 4096

    /// Prepares to offer objects of `repository`.
    public init(_ repository: Repository) {
        self.repository = repository
    }

    /// Offers a commit, everything that it consists of, and its ancestors.
    public func add(_ commit: Checksum) {
        offer(ObjectName(commit, .commit))
        offered.insert(ObjectKey(ObjectName(commit, .commitmeta)).words)
    }

    /// Notes that the peer gets an object that an offered one consists of, and is likely to ask for its parts.
    func expectRequests(below name: ObjectName) {
        guard name.type == .commit || name.type == .dirtree else { return }
        offer(name)
        if likely.count == OfferedObjects.likelyLimit { likely = [] }
        likely.append(name)
    }

    private func offer(_ name: ObjectName) {
        guard offered.insert(ObjectKey(name).words) else { return }
        if name.type == .commit { unopenedCommits.insert(name) }
        if name.type == .dirtree { unopened.insert(name) }
    }

    /// Returns true if an object is offered, opening trees until it is found.
    ///
    /// - Throws: `RepositoryError` if the repository is damaged.
    public func contains(_ name: ObjectName) throws -> Bool {
        let isCommit = name.type == .commit || name.type == .commitmeta
        while !offered.contains(ObjectKey(name).words) {
            // An ancestor is found without its descendants' trees. Of other objects, ancestors' are hardly ever meant.
            let next =
                isCommit ? unopenedCommits.first : likely.popLast() ?? unopened.first ?? unopenedCommits.first
            guard let next else { return false }
            try open(next)
        }
        // The objects that it names will be asked for next.
        try open(name)
        return true
    }

    private func open(_ name: ObjectName) throws {
        guard (name.type == .commit ? unopenedCommits : unopened).contains(name) else { return }
        unopenedCommits.remove(name)
        unopened.remove(name)
        if name.type == .commit {
            guard try repository.hasWhole(name.checksum) else { return }
            let commit = try repository.commit(name.checksum)
            if let parent = commit.parent { add(parent) }
            return try commit.forEachPart(offer)
        }
        try repository.tree(name.checksum).forEachPart(offer)
    }

    /// Returns true if an offered object is here. Detached metadata need not exist, and ancestors need not be here.
    public func isHere(_ name: ObjectName) throws -> Bool {
        switch name.type {
        case .commit: try repository.hasWhole(name.checksum)
        case .commitmeta: try repository.contains(name)
        case .dirtree, .dirmeta, .file: true
        }
    }
}
