// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// A search for missing objects of commits. Each dirtree is read once.
struct MissingObjectSearch {
    private let repository: Repository
    private let damaged: Set<ObjectName>
    private let cancellation: Cancellation?
    /// The dirtrees that were checked; true if everything below is present.
    private var known: [Checksum: Bool] = [:]
    private var reported: Set<ObjectName> = []
    /// The missing objects, each once.
    private(set) var missing: [FsckReport.Missing] = []
    private(set) var incompleteCommits: [Checksum] = []

    init(_ repository: Repository, damaged: Set<ObjectName>, _ cancellation: Cancellation?) {
        self.repository = repository
        self.damaged = damaged
        self.cancellation = cancellation
    }

    /// Checks a commit, without its ancestors.
    mutating func check(_ checksum: Checksum) throws {
        let name = ObjectName(checksum, .commit)
        guard !damaged.contains(name) else { return }
        // A commit that is removed meanwhile is no damage.
        guard let commit = try repository.ifIntact({ try repository.commit(checksum) }) else { return }
        let hasMetadata = try require(ObjectName(commit.treeMetadata, .dirmeta), neededBy: name)
        let hasTree = try checkTree(commit.tree, neededBy: name)
        if try !(hasMetadata && hasTree) && repository.contains(name) { incompleteCommits.append(checksum) }
    }

    private struct Visit {
        let name: ObjectName
        let directories: DirTree.Entries<DirTree.Subdirectory>
        var next = 0
        var isWhole = true
    }

    /// Checks a tree depth first, with an explicit stack, since a tree may be arbitrarily deep.
    private mutating func checkTree(_ root: Checksum, neededBy commit: ObjectName) throws -> Bool {
        var stack: [Visit] = []
        var isWhole = try enter(root, neededBy: commit, &stack)
        while var visit = stack.popLast() {
            if let known = isWhole {
                visit.isWhole = visit.isWhole && known
                isWhole = nil
            }
            guard visit.next < visit.directories.count else {
                known[visit.name.checksum] = visit.isWhole
                isWhole = visit.isWhole
                continue
            }
            let child = visit.directories[visit.next]
            visit.next += 1
            let hasMetadata = try require(ObjectName(child.metadata, .dirmeta), neededBy: visit.name)
            visit.isWhole = visit.isWhole && hasMetadata
            let name = visit.name
            stack.append(visit)
            isWhole = try enter(child.tree, neededBy: name, &stack)
        }
        return isWhole ?? true
    }

    /// Begins the check of a dirtree.
    ///
    /// - Returns: True if it is complete, false if not; nil if it was pushed on the stack to find out.
    private mutating func enter(
        _ checksum: Checksum, neededBy parent: ObjectName, _ stack: inout [Visit]
    ) throws -> Bool? {
        try cancellation?.check()
        if let known = known[checksum] { return known }
        let name = ObjectName(checksum, .dirtree)
        guard try require(name, neededBy: parent),
            let tree = try repository.ifIntact({ try repository.tree(checksum) })
        else {
            known[checksum] = false
            return false
        }
        var visit = Visit(name: name, directories: tree.directories)
        for file in tree.files {
            let isThere = try require(ObjectName(file.checksum, .file), neededBy: name)
            visit.isWhole = visit.isWhole && isThere
        }
        stack.append(visit)
        return nil
    }

    private mutating func require(_ name: ObjectName, neededBy parent: ObjectName) throws -> Bool {
        if damaged.contains(name) { return false }
        if try repository.contains(name) { return true }
        // Not missing if its parent was removed meanwhile, too.
        if try repository.contains(parent), reported.insert(name).inserted {
            missing.append(.init(name: name, parent: parent))
        }
        return false
    }
}
