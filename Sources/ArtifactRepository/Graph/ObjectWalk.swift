// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Visits commits and everything that they consist of, each object once.
///
/// It remembers the names that it met, 33 bytes each, and not the objects.
public struct ObjectWalk {
    private let repository: Repository
    private var visited: Set<ObjectName> = []

    /// Prepares to walk in a repository.
    public init(_ repository: Repository) {
        self.repository = repository
    }

    /// Visits the objects of a commit that were not visited before, depth first, a directory's files before its directories.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if the repository lacks one; what `visit` throws.
    public mutating func visit(_ commit: Checksum, _ visit: (ObjectName) throws -> Void) throws {
        var pending = [ObjectName(commit, .commit)]
        while let name = pending.popLast() {
            guard visited.insert(name).inserted else { continue }
            try visit(name)
            try repository.forEachPart(of: name) { part in
                if part.type == .dirtree { return pending.append(part) }
                if visited.insert(part).inserted { try visit(part) }
            }
        }
    }
}

extension Repository {
    /// Visits the objects that a commit or directory refers to, but no parents of commits.
    func forEachPart(of name: ObjectName, _ visit: (ObjectName) throws -> Void) throws {
        switch name.type {
        case .commit:
            let commit = try commit(name.checksum)
            let detached = ObjectName(name.checksum, .commitmeta)
            if try contains(detached) { try visit(detached) }
            try commit.forEachPart(visit)
        case .dirtree: try tree(name.checksum).forEachPart(visit)
        case .file, .dirmeta, .commitmeta: break
        }
    }

    /// The commits from `tip` back to `ancestor`, which is not among them, newest first.
    ///
    /// - Returns: the commits that are here, and whether `ancestor` was reached; history may end early.
    public func history(
        from tip: Checksum, backTo ancestor: Checksum?
    ) throws -> (commits: [Checksum], reached: Bool) {
        var commits: [Checksum] = []
        var next: Checksum? = tip
        while let checksum = next, checksum != ancestor {
            guard try hasWhole(checksum) || checksum == tip else { return (commits, false) }
            commits.append(checksum)
            next = try commit(checksum).parent
        }
        return (commits, next == ancestor)
    }
}
