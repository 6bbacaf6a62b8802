// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A file among the refs, which is a ref unless its name or content speaks against it.
struct RefFile {
    /// The path from the repository's directory: `refs/heads/...`.
    let path: String
    /// Indicates that the file is a symbolic link.
    let isAlias: Bool
}

extension Repository {
    /// Visits the files below a directory of refs in the order of the refs' names, with a stack of its own: names of refs may
    /// have many parts. Directories that go meanwhile are passed over.
    ///
    /// - Parameter visit: returns false to end the walk.
    func forEachRefFile(below top: String, _ visit: (RefFile) throws -> Bool) throws {
        var pending = [(path: top, type: S_IFDIR)]
        while let (path, type) = pending.popLast() {
            switch type {
            case S_IFREG, S_IFLNK:
                guard try visit(RefFile(path: path, isAlias: type == S_IFLNK)) else { return }
            case S_IFDIR:
                guard let directory = try root.directoryIfPresent(path) else { continue }
                var children: [(name: [UInt8], path: String, type: mode_t)] = []
                try directory.forEachEntry { entry in
                    guard let type = try directory.status(of: entry).map({ $0.st_mode & S_IFMT }) else {
                        return
                    }
                    // A directory sorts as if its name ended with a slash.
                    let name = Array(entry.utf8) + (type == S_IFDIR ? [UInt8(ascii: "/")] : [])
                    children.append((name, "\(path)/\(entry)", type))
                }
                children.sort { $1.name.lexicographicallyPrecedes($0.name) }
                pending += children.map { ($0.path, $0.type) }
            default: continue
            }
        }
    }

    /// The commits that refs below a directory point to: `refs` for those of any kind, also of remotes and mirrors.
    func tips(below top: String) throws -> Set<Checksum> {
        var tips: Set<Checksum> = []
        try forEachRefFile(below: top) { file in
            // An alias is a link to another ref.
            if !file.isAlias, let commit = try commitInRefFile(file.path) { tips.insert(commit) }
            return true
        }
        return tips
    }

    /// The commit in a file among the refs; nil if it holds none, or is gone.
    func commitInRefFile(_ path: String) throws -> Checksum? {
        guard let bytes = try root.fileIfPresent(path)?.readAll(limit: 4096) else { return nil }
        return Checksum(hex: String(decoding: bytes, as: UTF8.self).prefix { !$0.isWhitespace })
    }

    /// Returns true if there are more refs than a number, of which no more are counted.
    public func hasMoreRefs(than limit: Int) throws -> Bool {
        var count = 0
        try forEachRefFile(below: "refs/heads") { _ in
            count += 1
            return count <= limit
        }
        return count > limit
    }
}
