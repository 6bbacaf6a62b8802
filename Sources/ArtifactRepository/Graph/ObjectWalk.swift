// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Walks everything that commits consist of, each object once.
///
/// It remembers the checksums that it met, 33 bytes each, and not the objects.
public struct Closure {
    private let repository: Repository
    private var visited: Set<ObjectName> = []

    /// Prepares to walk commits of `repository`.
    public init(_ repository: Repository) {
        self.repository = repository
    }

    /// Visits the objects of a commit that were not visited before: the commit, its detached metadata if any, then
    /// folder by folder.
    ///
    /// - Throws: `RepositoryError` with `missingObject` where the repository does not have it all; what `visit`
    ///   throws.
    public mutating func visit(_ checksum: Checksum, _ visit: (ObjectName) throws -> Void) throws {
        let name = ObjectName(checksum, .commit)
        guard visited.insert(name).inserted else { return }
        let commit = try repository.commit(checksum)
        try visit(name)
        let detached = ObjectName(checksum, .commitmeta)
        if try repository.contains(detached) { try visit(detached) }
        try self.once(ObjectName(commit.treeMetadata, .dirmeta), visit)
        var pending = [ObjectName(commit.tree, .dirtree)]
        while let next = pending.popLast() {
            guard visited.insert(next).inserted else { continue }
            let tree = try repository.load(next) { try DirTree($0, next) }
            try visit(next)
            for index in 0..<tree.fileCount {
                guard let file = tree.file(index) else { continue }
                try once(ObjectName(file, .file), visit)
            }
            for index in 0..<tree.directoryCount {
                guard let child = tree.directory(index) else { continue }
                try once(ObjectName(child.metadata, .dirmeta), visit)
                pending.append(ObjectName(child.tree, .dirtree))
            }
        }
    }

    private mutating func once(_ name: ObjectName, _ visit: (ObjectName) throws -> Void) throws {
        if visited.insert(name).inserted { try visit(name) }
    }
}

extension Repository {
    /// Reads a commit.
    ///
    /// - Throws: `RepositoryError` with `missingObject` where it is not there.
    public func commit(_ checksum: Checksum) throws -> Commit {
        let name = ObjectName(checksum, .commit)
        return try load(name) { try Commit($0, name) }
    }

    func load<T>(_ name: ObjectName, _ parse: (UnsafeRawBufferPointer) throws -> T) throws -> T {
        guard let bytes = try metadata(name) else {
            throw RepositoryError(
                .missingObject,
                "object \(name) is missing in \(path): pull it again, or check with 'ostree fsck'")
        }
        return try bytes.withUnsafeBytes(parse)
    }

    /// Returns what `read` makes of objects, or nil where one of them is missing or damaged. Every other failure is
    /// thrown: that something cannot be read now does not mean that it is not there.
    func ifIntact<T>(_ read: () throws -> T) throws -> T? {
        do { return try read() } catch let error as RepositoryError
            where error.code == .missingObject || error.code == .badObject
        {
            return nil
        }
    }

    /// Whether a commit is here, and its tree too as far as libostree knows: an ancestor may be known by its commit object
    /// alone, its tree never having been fetched.
    func hasWhole(_ commit: Checksum) throws -> Bool {
        try contains(ObjectName(commit, .commit)) && !isPartial(commit)
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
