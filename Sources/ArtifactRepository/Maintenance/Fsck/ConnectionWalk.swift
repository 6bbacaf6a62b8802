// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// Looks whether everything that commits consist of is there. Each folder is opened once.
struct ConnectionWalk {
    private let repository: Repository
    private let damaged: Set<ObjectName>
    private let cancellation: Cancellation?
    /// The folders that were looked at, and whether all of what is below is there.
    private var known: [Checksum: Bool] = [:]
    private var reported: Set<ObjectName> = []
    /// What is not there, each once.
    private(set) var missing: [FsckReport.Missing] = []
    private(set) var incompleteCommits: [Checksum] = []

    init(_ repository: Repository, damaged: Set<ObjectName>, _ cancellation: Cancellation?) {
        self.repository = repository
        self.damaged = damaged
        self.cancellation = cancellation
    }

    /// Looks at a commit; its ancestors are commits of their own.
    mutating func check(_ checksum: Checksum) throws {
        let name = ObjectName(checksum, .commit)
        guard !damaged.contains(name) else { return }
        // One that goes meanwhile is no damage.
        guard let commit = try repository.ifIntact({ try repository.commit(checksum) }) else { return }
        let hasMetadata = try require(ObjectName(commit.treeMetadata, .dirmeta), neededBy: name)
        let hasTree = try checkTree(commit.tree, neededBy: name)
        if try !(hasMetadata && hasTree) && repository.contains(name) { incompleteCommits.append(checksum) }
    }

    private struct Visit {
        let name: ObjectName
        let tree: DirTree
        var next = 0
        var isWhole = true
    }

    /// Depth first, with a stack of its own.
    private mutating func checkTree(_ root: Checksum, neededBy commit: ObjectName) throws -> Bool {
        var stack: [Visit] = []
        var isWhole = try enter(root, neededBy: commit, &stack)
        while var visit = stack.popLast() {
            if let known = isWhole {
                visit.isWhole = visit.isWhole && known
                isWhole = nil
            }
            guard visit.next < visit.tree.directoryCount else {
                known[visit.name.checksum] = visit.isWhole
                isWhole = visit.isWhole
                continue
            }
            let child = visit.tree.directory(visit.next)
            visit.next += 1
            let name = visit.name
            if let child {
                let hasMetadata = try require(ObjectName(child.metadata, .dirmeta), neededBy: name)
                visit.isWhole = visit.isWhole && hasMetadata
                stack.append(visit)
                isWhole = try enter(child.tree, neededBy: name, &stack)
            } else {
                stack.append(visit)
            }
        }
        return isWhole ?? true
    }

    /// Begins with a folder.
    ///
    /// - Returns: whether it is whole, where that is known; nil where it is on the stack now.
    private mutating func enter(
        _ checksum: Checksum, neededBy parent: ObjectName, _ stack: inout [Visit]
    ) throws -> Bool? {
        try cancellation?.check()
        if let known = known[checksum] { return known }
        let name = ObjectName(checksum, .dirtree)
        guard try require(name, neededBy: parent),
            let tree = try repository.ifIntact({ try repository.load(name) { try DirTree($0, name) } })
        else {
            known[checksum] = false
            return false
        }
        var visit = Visit(name: name, tree: tree)
        for index in 0..<tree.fileCount {
            guard let file = tree.file(index) else { continue }
            let isThere = try require(ObjectName(file, .file), neededBy: name)
            visit.isWhole = visit.isWhole && isThere
        }
        stack.append(visit)
        return nil
    }

    private mutating func require(_ name: ObjectName, neededBy parent: ObjectName) throws -> Bool {
        if damaged.contains(name) { return false }
        if try repository.contains(name) { return true }
        // What needs it may have gone meanwhile, and it after that.
        if try repository.contains(parent), reported.insert(name).inserted {
            missing.append(.init(name: name, parent: parent))
        }
        return false
    }
}
