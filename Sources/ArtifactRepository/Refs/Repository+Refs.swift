// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls

extension Repository {
    /// The commit that a ref points to; nil where there is no such ref.
    ///
    /// - Throws: where the ref cannot be read, or holds no commit.
    public func commit(of ref: RefName) throws -> Checksum? {
        // Aliases are symbolic links, hence not Directory.openFile.
        let number = retryingInterrupts {
            openat(root.descriptor.number, "refs/heads/\(ref)", O_RDONLY | O_CLOEXEC)
        }
        guard number >= 0 else {
            // A circle of aliases leads nowhere.
            if errno == ELOOP { return nil }
            return try SystemError("read ref \(ref) of \(path)").absence()
        }
        let file = Descriptor(number)
        // A folder of refs is no ref.
        if try file.status().st_mode & S_IFMT == S_IFDIR { return nil }
        let bytes = try file.readAll(limit: 4096)
        guard let text = String(validating: bytes, as: UTF8.self),
            let checksum = Checksum(hex: text.prefix { !$0.isWhitespace })
        else {
            throw RepositoryError(
                .badObject,
                "ref \(ref) of \(path) holds no commit, so repair it with 'ostree refs --delete \(ref)'")
        }
        return checksum
    }

    /// All refs below `refs/heads`, sorted; what `refListing` leaves out is left out.
    public func refs() throws -> [(ref: RefName, commit: Checksum)] {
        try refListing().refs
    }

    /// Whether there are more refs than so many, of which no more are looked at.
    public func hasMoreRefs(than limit: Int) throws -> Bool {
        var count = 0
        var pending = ["refs/heads"]
        while let path = pending.popLast() {
            guard let folder = try root.directoryIfPresent(path) else { continue }
            for entry in try folder.entries() {
                switch try folder.status(of: entry).map({ $0.st_mode & S_IFMT }) {
                case nil: continue
                case S_IFDIR: pending.append("\(path)/\(entry)")
                default: count += 1
                }
                if count > limit { return true }
            }
        }
        return false
    }

    /// Runs `body` while no other process that asks for this lock moves refs.
    ///
    /// libostree has no such lock; the one taken is on the folder `refs/heads` itself, so that nothing has to be
    /// left behind in the repository. It is always taken before libostree's repository lock, so that `flock
    /// refs/heads ostree prune …` keeps publications away from what `ostree prune` does without a lock.
    func withRefLock<T>(_ body: () throws -> T) throws -> T {
        let heads = try standardDirectory("refs/heads")
        guard retryingInterrupts({ flock(heads.descriptor.number, LOCK_EX) }) == 0 else {
            throw SystemError("lock the refs of \(path)")
        }
        return try body()
    }
}

extension Repository {
    /// The names of the remotes that `ostree remote add` has recorded.
    public var remotes: [String] {
        var count: guint = 0
        guard let names = ostree_repo_remote_list(handle, &count) else { return [] }
        defer { g_strfreev(names) }
        return (0..<Int(count)).compactMap { names[$0].map { String(cString: $0) } }
    }

    /// The URL of a remote that `ostree remote add` has recorded; nil where there is none of that name.
    public func url(ofRemote name: String) -> String? {
        var url: UnsafeMutablePointer<CChar>?
        guard ostree_repo_remote_get_url(handle, name, &url, nil) != 0, let url else { return nil }
        defer { g_free(url) }
        return String(cString: url)
    }
}
