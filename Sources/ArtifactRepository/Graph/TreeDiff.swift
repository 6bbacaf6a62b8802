// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The differences between the trees of two commits. Directories that are the same are not opened.
public struct TreeDiff {
    /// One difference.
    public struct Change: Sendable, Equatable {
        /// The kinds of difference.
        public enum Kind: String, Sendable {
            /// It is in the second tree alone.
            case added
            /// It is in the first tree alone.
            case removed
            /// It is in both, with another content, owner, mode or attribute.
            case modified
        }

        /// The kind of difference.
        public var kind: Kind
        /// The path from the root, which is `/`; a directory's ends with a slash.
        public var path: String
    }

    private let repository: Repository
    private let show: (Change) throws -> Void

    /// Compares two commits, and shows differences in the order of their paths.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if one of them is not there as a whole; what `show` throws.
    public static func compare(
        _ first: Checksum, _ second: Checksum, in repository: Repository,
        _ show: @escaping (Change) throws -> Void
    ) throws {
        let (old, new) = (try repository.commit(first), try repository.commit(second))
        let diff = TreeDiff(repository: repository, show: show)
        if old.treeMetadata != new.treeMetadata { try show(Change(kind: .modified, path: "/")) }
        try diff.compare(old.tree, new.tree, path: "/", depth: 0)
    }

    /// The objects under a name.
    private struct Entry: Equatable {
        var file: Checksum?
        var tree: Checksum?
        var metadata: Checksum?
    }

    private func compare(_ first: Checksum?, _ second: Checksum?, path: String, depth: Int) throws {
        guard first != second else { return }
        guard depth <= DirTree.maximumDepth else {
            throw RepositoryError(.badObject, "a tree is deeper than \(DirTree.maximumDepth) folders")
        }
        let (old, new) = (try entries(first), try entries(second))
        for name in Set(old.keys).union(new.keys).sorted() {
            let (before, after) = (old[name], new[name])
            guard before != after else { continue }
            if before?.file != after?.file {
                try show(Change(kind: kind(before?.file, after?.file), path: path + name))
            }
            guard before?.tree != after?.tree || before?.metadata != after?.metadata else { continue }
            let directory = "\(path)\(name)/"
            if before?.metadata != after?.metadata {
                try show(Change(kind: kind(before?.tree, after?.tree), path: directory))
            }
            try compare(before?.tree, after?.tree, path: directory, depth: depth + 1)
        }
    }

    private func kind(_ before: Checksum?, _ after: Checksum?) -> Change.Kind {
        before == nil ? .added : after == nil ? .removed : .modified
    }

    private func entries(_ checksum: Checksum?) throws -> [String: Entry] {
        guard let checksum else { return [:] }
        let tree = try repository.tree(checksum)
        var entries: [String: Entry] = [:]
        for file in tree.files { entries[file.name, default: Entry()].file = file.checksum }
        for directory in tree.directories {
            entries[directory.name, default: Entry()].tree = directory.tree
            entries[directory.name, default: Entry()].metadata = directory.metadata
        }
        return entries
    }
}
