// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// What an artifact consists of, in numbers.
public struct ArtifactContents: Sendable, Equatable {
    /// How many files and symbolic links there are, each counted as often as it occurs.
    public var files = 0
    /// How many folders there are, the root not counted.
    public var folders = 0
    /// How many different objects it consists of, the commit included.
    public var objects = 0
    /// How many bytes of disk these objects take.
    public var bytes: UInt64 = 0
    /// Whether there is detached metadata, such as signatures.
    public var hasDetachedMetadata = false
}

extension Repository {
    /// Counts what a commit consists of.
    ///
    /// - Throws: `RepositoryError` with `missingObject` where it is not there as a whole.
    public func contents(of commit: Checksum) throws -> ArtifactContents {
        var contents = ArtifactContents()
        var closure = Closure(self)
        try closure.visit(commit) { name in
            guard let bytes = try allocatedSize(of: name) else {
                throw RepositoryError(.missingObject, "object \(name) is missing in \(path): pull it again")
            }
            contents.objects += 1
            contents.bytes += bytes
            if name.type == .commitmeta { contents.hasDetachedMetadata = true }
        }
        var counts: [Checksum: (files: Int, folders: Int)] = [:]
        (contents.files, contents.folders) = try count(try self.commit(commit).tree, &counts)
        return contents
    }

    private func count(
        _ tree: Checksum, _ known: inout [Checksum: (files: Int, folders: Int)]
    ) throws -> (files: Int, folders: Int) {
        if let counts = known[tree] { return counts }
        let name = ObjectName(tree, .dirtree)
        let opened = try load(name) { try DirTree($0, name) }
        var result = (files: opened.fileCount, folders: opened.directoryCount)
        for index in 0..<opened.directoryCount {
            guard let child = opened.directory(index) else { continue }
            let below = try count(child.tree, &known)
            // Trees that name the same folder twice on each level have more folders than numbers have room for.
            result = (result.files &+ below.files, result.folders &+ below.folders)
        }
        known[tree] = result
        return result
    }
}
