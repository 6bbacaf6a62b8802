// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// What commits consist of, for a peer that asks for objects by name: it gets those and no others.
///
/// Usually it asks for what something that it was given names, which is known then. It may also have a part of the tree from
/// elsewhere, and ask for what is below; then the tree is walked until that is found.
public final class OfferedObjects {
    private let repository: Repository
    private var offered: Set<ObjectName> = []
    /// Commits and folders of which it was not looked at what they consist of.
    private var unopened: Set<ObjectName> = []

    /// Prepares to offer objects of `repository`.
    public init(_ repository: Repository) {
        self.repository = repository
    }

    /// Offers a commit, everything that it consists of, and its ancestors.
    public func add(_ commit: Checksum) {
        offer(ObjectName(commit, .commit))
        offered.insert(ObjectName(commit, .commitmeta))
    }

    private func offer(_ name: ObjectName) {
        guard offered.insert(name).inserted else { return }
        if name.type == .commit || name.type == .dirtree { unopened.insert(name) }
    }

    /// Whether an object is among those that are offered.
    ///
    /// - Throws: `RepositoryError` where the repository is damaged.
    public func contains(_ name: ObjectName) throws -> Bool {
        while !offered.contains(name) {
            // Commits last: their ancestors are hardly ever meant.
            guard let next = unopened.first(where: { $0.type == .dirtree }) ?? unopened.first else {
                return false
            }
            try open(next)
        }
        // What it names will be asked for next.
        try open(name)
        return true
    }

    private func open(_ name: ObjectName) throws {
        guard unopened.remove(name) != nil else { return }
        if name.type == .commit {
            guard try repository.hasWhole(name.checksum) else { return }
            let commit = try repository.commit(name.checksum)
            if let parent = commit.parent { add(parent) }
            offered.insert(ObjectName(commit.treeMetadata, .dirmeta))
            offer(ObjectName(commit.tree, .dirtree))
            return
        }
        let tree = try repository.load(name) { try DirTree($0, name) }
        for index in 0..<tree.fileCount {
            if let file = tree.file(index) { offered.insert(ObjectName(file, .file)) }
        }
        for index in 0..<tree.directoryCount {
            guard let child = tree.directory(index) else { continue }
            offered.insert(ObjectName(child.metadata, .dirmeta))
            offer(ObjectName(child.tree, .dirtree))
        }
    }

    /// Whether the peer can have an object that is offered. Detached metadata need not exist, and ancestors need not be here.
    public func isHere(_ name: ObjectName) throws -> Bool {
        switch name.type {
        case .commit: try repository.hasWhole(name.checksum)
        case .commitmeta: try repository.contains(name)
        case .dirtree, .dirmeta, .file: true
        }
    }
}
