// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The size of an artifact, in numbers.
public struct ArtifactContents: Sendable, Equatable {
    /// The number of files and symbolic links, each counted as often as it occurs.
    public var files = 0
    /// The number of directories, the root not counted.
    public var directories = 0
    /// The number of different objects, the commit included.
    public var objects = 0
    /// The disk space of these objects in bytes.
    public var bytes: UInt64 = 0
    /// Indicates that there is detached metadata, such as signatures.
    public var hasDetachedMetadata = false
}

extension Repository {
    /// Counts the files, directories and objects of a commit.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if it is not there as a whole.
    public func contents(of commit: Checksum) throws -> ArtifactContents {
        var contents = ArtifactContents()
        var walk = ObjectWalk(self)
        try walk.visit(commit) { name in
            guard let bytes = try allocatedSize(of: name) else {
                throw RepositoryError(.missingObject, "object \(name) is missing in \(path): pull it again")
            }
            contents.objects += 1
            contents.bytes += bytes
            if name.type == .commitmeta { contents.hasDetachedMetadata = true }
        }
        var counts: [Checksum: TreeCounts] = [:]
        (contents.files, contents.directories) = try count(try self.commit(commit).tree, &counts)
        return contents
    }

    private typealias TreeCounts = (files: Int, directories: Int)

    private func count(_ checksum: Checksum, _ known: inout [Checksum: TreeCounts]) throws -> TreeCounts {
        if let counts = known[checksum] { return counts }
        let tree = try tree(checksum)
        var result = (files: tree.files.count, directories: tree.directories.count)
        for directory in tree.directories {
            let below = try count(directory.tree, &known)
            // Trees that name the same directory twice on each level have more directories than an Int can count.
            result = (result.files &+ below.files, result.directories &+ below.directories)
        }
        known[checksum] = result
        return result
    }
}
