// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Visits commits and everything that they consist of, each object once.
///
/// It remembers the names that it met, 33 bytes each, and not the objects.
public struct ObjectWalk {
    private let repository: Repository
    private let passesOverDamage: Bool
    /// The objects that were met, except those that the visitor skipped.
    private(set) var visited: Set<ObjectName> = []

    /// Prepares to walk in a repository.
    ///
    /// - Parameters:
    ///   - repository: the repository.
    ///   - passesOverDamage: true to pass over what is missing or damaged, instead of throwing.
    public init(_ repository: Repository, passesOverDamage: Bool = false) {
        (self.repository, self.passesOverDamage) = (repository, passesOverDamage)
    }

    /// Visits the objects of a commit that were not visited before.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if the repository lacks one; what `visit` throws.
    public mutating func visit(_ commit: Checksum, _ visit: (ObjectName) throws -> Void) throws {
        try walk(from: [ObjectName(commit, .commit)]) { name in
            try visit(name)
            return true
        }
    }

    /// Visits objects and all that they consist of, depth first, a directory's files before its directories.
    ///
    /// - Parameter visit: returns false to skip an object and what it consists of, until it is met again.
    mutating func walk(from names: [ObjectName], _ visit: (ObjectName) throws -> Bool) throws {
        var pending = names
        while let name = pending.popLast() {
            guard visited.insert(name).inserted else { continue }
            guard try visit(name) else {
                visited.remove(name)
                continue
            }
            func meet(_ child: ObjectName) throws {
                if child.type == .dirtree { return pending.append(child) }
                if try visited.insert(child).inserted && !visit(child) { visited.remove(child) }
            }
            if passesOverDamage {
                _ = try repository.ifIntact { [repository] in try repository.forEachPart(of: name, meet) }
            } else {
                try repository.forEachPart(of: name, meet)
            }
        }
    }

    /// Forgets objects, which are visited again if they are met again.
    mutating func forget(_ names: [ObjectName]) {
        visited.subtract(names)
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
