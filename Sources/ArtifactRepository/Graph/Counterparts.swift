// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Directories of trees that one side has, by those that took their places in new trees.
struct Counterparts {
    private var counterparts: [Checksum: Checksum] = [:]

    /// The directory in whose place another one is; nil if none is known.
    subscript(tree: Checksum) -> Checksum? { counterparts[tree] }

    /// Notes that a directory took the place of another one.
    mutating func insert(_ tree: Checksum, inPlaceOf other: Checksum) {
        if tree != other { counterparts[tree] = other }
    }

    /// Compares a directory with the one in whose place it is, and notes the counterparts of those in it.
    ///
    /// - Returns: the parts of the other one.
    mutating func compare(_ tree: DirTree, with other: DirTree) throws -> Set<ObjectName> {
        var known: Set<ObjectName> = []
        try other.forEachPart { known.insert($0) }
        let others = Dictionary(other.directories.map { ($0.name, $0.tree) }) { first, _ in first }
        for directory in tree.directories {
            if let other = others[directory.name] { insert(directory.tree, inPlaceOf: other) }
        }
        return known
    }
}

extension DirTree {
    /// The one of some commits whose root has most in common with this one; nil if none has anything.
    ///
    /// - Parameter root: returns the root of a commit; nil if it does not count.
    func mostSimilar(
        among candidates: some Sequence<Checksum>, root: (Checksum) throws -> DirTree?
    ) throws -> Checksum? {
        var parts: Set<ObjectName> = []
        try forEachPart { parts.insert($0) }
        let names = Set(directories.map(\.name))
        var best: (commit: Checksum, score: Int)?
        for candidate in candidates {
            guard let root = try root(candidate) else { continue }
            var score = 0
            // Equal objects count more than equal names.
            try root.forEachPart { if parts.contains($0) { score += 4 } }
            score += root.directories.count { names.contains($0.name) }
            if score > best?.score ?? 0 { best = (candidate, score) }
        }
        return best?.commit
    }
}
