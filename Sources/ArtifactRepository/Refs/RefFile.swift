// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A file below `refs`, which is a ref if its name and content are valid.
struct RefFile {
    /// The path from the repository's directory: `refs/heads/...`.
    let path: String
    /// Indicates that the file is a symbolic link.
    let isAlias: Bool

    /// The bytes of a ref's file.
    static func content(_ commit: Checksum) -> [UInt8] { Array("\(commit)\n".utf8) }
}

extension Repository {
    /// Visits the files below a directory of refs in the order of the refs' names, with a stack of its own: names of refs may
    /// have many parts. Directories that go meanwhile are passed over.
    ///
    /// - Parameter visit: returns false to end the walk.
    func forEachRefFile(below top: String, _ visit: (RefFile) throws -> Bool) throws {
        var visits: [(path: String, directory: RefDirectory, next: Int)] = []
        func enter(_ path: String) throws {
            guard let opened = try root.directoryIfPresent(path) else { return }
            visits.append((path, try RefDirectory(opened.descriptor.number), 0))
        }
        try enter(top)
        while let (path, directory, next) = visits.last {
            guard next < directory.children.count else {
                visits.removeLast()
                continue
            }
            visits[visits.count - 1].next += 1
            let child = directory.children[next]
            let name = directory.withName(child) { String(decoding: $0, as: UTF8.self) }
            let childPath = "\(path)/\(name)"
            if child.kind == .directory {
                try enter(childPath)
            } else if try !visit(RefFile(path: childPath, isAlias: child.kind == .alias)) {
                return
            }
        }
    }

    /// The refs below a directory, by the paths of their files, with the commits that they point to: `refs` for those of any
    /// kind, also of remotes and mirrors.
    func tips(below top: String) throws -> [(path: String, commit: Checksum)] {
        var tips: [(path: String, commit: Checksum)] = []
        try forEachRefFile(below: top) { file in
            // An alias is a link to another ref.
            if !file.isAlias, let commit = try ifIntact({ try commitInRefFile(file.path) }) ?? nil {
                tips.append((file.path, commit))
            }
            return true
        }
        return tips
    }

    /// Returns true if there are more refs than a number, of which no more are counted.
    public func hasMoreRefs(than limit: Int) throws -> Bool {
        var count = 0
        try forEachRefFile(below: refPlace.path) { _ in
            count += 1
            return count <= limit
        }
        return count > limit
    }
}
