// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The objects that commits need and that no ref is known to lead to, in the order in which they may be put: from the bottom up.
///
/// Below a directory that is marked nothing is looked at.
struct NeededObjects {
    /// Files and the metadata of directories.
    private(set) var leaves: [ObjectName] = []
    /// Directories that were opened, by their height: those of each list need only what stands in the lists before.
    private(set) var trees: [[ObjectName]] = []
    /// Directories with a valid mark.
    private(set) var marked: [ObjectName] = []
    /// Commits, ancestors first.
    private(set) var commits: [ObjectName] = []
    private let quarantine: BucketQuarantine
    private var seen: Set<ObjectName> = []
    private var heights: [Checksum: Int] = [:]

    /// The number of files of a directory about which the bucket is asked before the answers are needed.
    private static let lookahead = 500

    init(_ quarantine: BucketQuarantine) { self.quarantine = quarantine }

    /// The names of all of them.
    var names: Set<ObjectName> {
        var names = Set(leaves).union(marked).union(commits)
        for level in trees { names.formUnion(level) }
        return names
    }

    /// A directory on the way down.
    private struct Visit {
        let name: ObjectName
        /// The sizes of this dirtree and of all above it, in bytes.
        let openSize: Int
        let directories: DirTree.Entries<DirTree.Subdirectory>
        var next = 0
        var height = 0
    }

    /// Requires that a commit, its whole tree, and those of its received ancestors are here or in the bucket.
    ///
    /// - Throws: `RepositoryError` with `missingObject`, naming the first one that is not.
    mutating func require(_ tip: Checksum) throws {
        var own: [ObjectName] = []
        var next: Checksum? = tip
        while let checksum = next {
            let name = ObjectName(checksum, .commit)
            let isReceived = try quarantine.holds(name)
            // Of the ancestors, only what was received must be there.
            guard isReceived || checksum == tip, !seen.contains(name) else { break }
            if try !isReceived && quarantine.presence(name) == .referenced { break }
            guard let bytes = try quarantine.metadata(name) else { throw missing(name) }
            seen.insert(name)
            let commit = try bytes.withUnsafeBytes { try Commit($0, name) }
            try requireLeaf(ObjectName(commit.treeMetadata, .dirmeta), of: name)
            try requireTree(commit.tree, of: name)
            own.append(name)
            next = commit.parent
        }
        commits += own.reversed()
    }

    private mutating func requireLeaf(_ name: ObjectName, of parent: ObjectName) throws {
        guard seen.insert(name).inserted else { return }
        if try !quarantine.holdsOrKeeps(name) {
            switch try quarantine.presence(name) {
            case .referenced: return
            case .absent: throw missing(name, neededBy: parent)
            case .present, .marked: break
            }
        }
        leaves.append(name)
    }

    private mutating func requireTree(_ root: Checksum, of commit: ObjectName) throws {
        // Depth first with a stack of its own: the peer decides how deep a tree is.
        var stack: [Visit] = []
        _ = try enter(root, neededBy: commit, of: commit, &stack)
        while var visit = stack.popLast() {
            guard visit.next < visit.directories.count else {
                leave(visit)
                raise(to: visit.height + 1, &stack)
                continue
            }
            let child = visit.directories[visit.next]
            visit.next += 1
            let name = visit.name
            stack.append(visit)
            try requireLeaf(ObjectName(child.metadata, .dirmeta), of: name)
            if let height = try enter(child.tree, neededBy: name, of: commit, &stack) {
                raise(to: height + 1, &stack)
            }
        }
    }

    private func raise(to height: Int, _ stack: inout [Visit]) {
        guard var parent = stack.popLast() else { return }
        parent.height = max(parent.height, height)
        stack.append(parent)
    }

    private mutating func leave(_ visit: Visit) {
        heights[visit.name.checksum] = visit.height
        while trees.count <= visit.height { trees.append([]) }
        trees[visit.height].append(visit.name)
    }

    /// Enters a directory.
    ///
    /// - Returns: its height, or -1 where nothing below it is looked at; nil if it is on the stack now.
    private mutating func enter(
        _ checksum: Checksum, neededBy parent: ObjectName, of commit: ObjectName, _ stack: inout [Visit]
    ) throws -> Int? {
        // A tree that was met before may be met again at a greater depth.
        let known = heights[checksum]
        guard stack.count + max(known ?? 0, 0) < DirTree.maximumDepth else {
            throw RepositoryError.badObject(
                commit, "its tree is deeper than \(DirTree.maximumDepth) directories")
        }
        if let known { return known }
        let name = ObjectName(checksum, .dirtree)
        switch try quarantine.presence(name) {
        case .referenced:
            heights[checksum] = -1
            return -1
        case .marked:
            marked.append(name)
            heights[checksum] = -1
            return -1
        case .present, .absent: break
        }
        let above = stack.last?.openSize ?? 0
        func checkOpenSize(_ size: Int) throws {
            guard UInt64(above + size) <= Repository.defaultMaximumOpenSize else {
                throw RepositoryError.badObject(
                    commit,
                    "the directories on one way through its tree have more than \(Repository.defaultMaximumOpenSize) "
                        + "bytes, and at most so many are taken")
            }
        }
        // Before it is read.
        try checkOpenSize(quarantine.sizeOfReceived(name) ?? 0)
        guard let bytes = try quarantine.metadata(name) else { throw missing(name, neededBy: parent) }
        try checkOpenSize(bytes.count)
        let tree = try bytes.withUnsafeBytes { try DirTree($0, name) }
        let files = tree.files
        for index in 0..<files.count {
            if index + NeededObjects.lookahead < files.count {
                try quarantine.prefetch(
                    ObjectName(files[index + NeededObjects.lookahead].checksum, .file))
            }
            try requireLeaf(ObjectName(files[index].checksum, .file), of: name)
        }
        stack.append(Visit(name: name, openSize: above + bytes.count, directories: tree.directories))
        return nil
    }

    private func missing(_ name: ObjectName, neededBy parent: ObjectName? = nil) -> RepositoryError {
        let need = parent.map { ", which \($0) needs," } ?? ""
        return RepositoryError(
            .missingObject,
            "object \(name)\(need) was neither sent nor is it in the repository: push again, from a complete "
                + "repository"
        )
    }
}
