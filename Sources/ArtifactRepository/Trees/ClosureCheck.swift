// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Looks whether everything that a commit needs is there.
struct ClosureCheck {
    private let place: any Quarantine
    /// Trees that are all there, with the number of folders on their longest way down, themselves included.
    private var completeTrees: [Checksum: Int] = [:]
    private var completeCommits: Set<Checksum> = []

    /// Deeper trees are refused, as by libostree.
    static let maximumDepth = 256
    /// The most bytes of the dirtrees that are open at a time, those of one way down: each may have 10 MiB.
    static let maximumOpenSize = 16 * 1024 * 1024

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
        if completeTrees[root] != nil { return }
        // Depth first with a stack of its own: how deep a tree is, is the peer's choice.
        struct Visit {
            var checksum: Checksum
            var tree: DirTree
            /// The sizes of this dirtree and of all above it, in bytes.
            var openSize: Int
            var next = 0
            var height = 1

            /// The same, with a folder of that height in it.
            func above(_ child: Int) -> Visit {
                Visit(
                    checksum: checksum, tree: tree, openSize: openSize, next: next,
                    height: max(height, child + 1))
            }
        }
        func open(_ checksum: Checksum, neededBy parent: ObjectName, below openSize: Int) throws -> Visit {
            let (tree, size) = try loadTree(checksum, neededBy: parent, of: commit, below: openSize)
            return Visit(checksum: checksum, tree: tree, openSize: openSize + size)
        }
        var stack = [try open(root, neededBy: commit, below: 0)]
        while let visit = stack.last {
            guard visit.next < visit.tree.directoryCount else {
                completeTrees[visit.checksum] = visit.height
                stack.removeLast()
                if let parent = stack.popLast() { stack.append(parent.above(visit.height)) }
                continue
            }
            stack[stack.count - 1].next += 1
            guard let child = visit.tree.directory(visit.next) else { continue }
            let parent = ObjectName(visit.checksum, .dirtree)
            try require(ObjectName(child.metadata, .dirmeta), neededBy: parent)
            // A tree that was met before may be met again at a greater depth.
            let known = completeTrees[child.tree]
            guard stack.count + (known ?? 1) <= ClosureCheck.maximumDepth else {
                throw RepositoryError.badObject(
                    commit, "its tree is deeper than \(ClosureCheck.maximumDepth) folders")
            }
            if let known {
                stack.append(stack.removeLast().above(known))
            } else {
                stack.append(try open(child.tree, neededBy: parent, below: visit.openSize))
            }
        }
    }

    private func loadTree(
        _ checksum: Checksum, neededBy parent: ObjectName, of commit: ObjectName, below openSize: Int
    ) throws -> (tree: DirTree, size: Int) {
        let name = ObjectName(checksum, .dirtree)
        let (tree, size) = try load(name, neededBy: parent) { bytes in
            guard openSize + bytes.count <= ClosureCheck.maximumOpenSize else {
                throw RepositoryError.badObject(
                    commit,
                    "the folders on one way through its tree have more than \(ClosureCheck.maximumOpenSize) bytes, and at "
                        + "most so many are taken")
            }
            return (try DirTree(bytes, name), bytes.count)
        }
        for index in 0..<tree.fileCount {
            guard let file = tree.file(index) else { continue }
            try require(ObjectName(file, .file), neededBy: name)
        }
        return (tree, size)
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
