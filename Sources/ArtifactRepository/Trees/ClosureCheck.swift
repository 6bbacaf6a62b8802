// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Looks whether everything that a commit needs is there.
struct ClosureCheck {
    private let place: any Quarantine
    private var completeTrees: Set<Checksum> = []
    private var completeCommits: Set<Checksum> = []

    /// Deeper trees are refused, as by libostree.
    static let maximumDepth = 256

    init(_ place: any Quarantine) {
        self.place = place
    }

    /// Requires that a commit and its whole tree are there; its ancestors may be missing.
    ///
    /// - Throws: `RepositoryError` with `missingObject`, naming the first one that is.
    mutating func require(_ checksum: Checksum) throws {
        guard !completeCommits.contains(checksum) else { return }
        let name = ObjectName(checksum, .commit)
        let commit = try load(name, neededBy: nil) { try Commit($0, name) }
        try require(ObjectName(commit.treeMetadata, .dirmeta), neededBy: name)
        try requireTree(commit.tree, of: name)
        completeCommits.insert(checksum)
    }

    private mutating func requireTree(_ root: Checksum, of commit: ObjectName) throws {
        guard !completeTrees.contains(root) else { return }
        // Depth first with a stack of its own: how deep a tree is, is the peer's choice.
        struct Visit {
            var checksum: Checksum
            var tree: DirTree
            var next = 0
        }
        var stack = [Visit(checksum: root, tree: try loadTree(root, neededBy: commit))]
        while let visit = stack.last {
            guard visit.next < visit.tree.directoryCount else {
                completeTrees.insert(visit.checksum)
                stack.removeLast()
                continue
            }
            stack[stack.count - 1].next += 1
            guard let child = visit.tree.directory(visit.next) else { continue }
            let parent = ObjectName(visit.checksum, .dirtree)
            try require(ObjectName(child.metadata, .dirmeta), neededBy: parent)
            if completeTrees.contains(child.tree) { continue }
            guard stack.count < ClosureCheck.maximumDepth else {
                throw RepositoryError.badObject(
                    commit, "its tree is deeper than \(ClosureCheck.maximumDepth) folders")
            }
            stack.append(Visit(checksum: child.tree, tree: try loadTree(child.tree, neededBy: parent)))
        }
    }

    private func loadTree(_ checksum: Checksum, neededBy parent: ObjectName) throws -> DirTree {
        let name = ObjectName(checksum, .dirtree)
        let tree = try load(name, neededBy: parent) { try DirTree($0, name) }
        for index in 0..<tree.fileCount {
            guard let file = tree.file(index) else { continue }
            try require(ObjectName(file, .file), neededBy: name)
        }
        return tree
    }

    private func require(_ name: ObjectName, neededBy parent: ObjectName) throws {
        guard place.contains(name) else { throw missing(name, neededBy: parent) }
    }

    private func load<T>(
        _ name: ObjectName, neededBy parent: ObjectName?, _ parse: (UnsafeRawBufferPointer) throws -> T
    ) throws -> T {
        guard let bytes = try place.metadata(name) else { throw missing(name, neededBy: parent) }
        return try bytes.withUnsafeBytes(parse)
    }

    private func missing(_ name: ObjectName, neededBy parent: ObjectName?) -> RepositoryError {
        let need = parent.map { ", which \($0) needs," } ?? ""
        return RepositoryError(
            .missingObject,
            "object \(name)\(need) was neither sent nor is it in the repository: push again, from a complete "
                + "repository")
    }
}
