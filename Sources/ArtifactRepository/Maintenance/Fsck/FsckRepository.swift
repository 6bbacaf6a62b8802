// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls

extension Repository {
    /// Whether a commit is known to be here without all that it consists of.
    public func isPartial(_ commit: Checksum) throws -> Bool {
        try root.contains("state/\(commit).commitpartial")
    }

    /// Whether a commit is partial because `ostree fsck`, or this project's, found damage.
    func isPartialFromDamage(_ commit: Checksum) throws -> Bool {
        let bytes = try root.fileIfPresent("state/\(commit).commitpartial")?.readAll(limit: 16)
        return bytes?.first == UInt8(ascii: "f")
    }

    /// Marks a commit as partial, as `ostree fsck --delete` does: who pulls it gets what is missing.
    func markPartial(_ commit: Checksum) throws {
        _ = try withGError("mark commit \(commit) as partial") {
            ostree_repo_mark_commit_partial_reason(
                handle, commit.hex, 1, OSTREE_REPO_COMMIT_STATE_FSCK_PARTIAL, $0)
        }
    }

    /// The refs of all kinds.
    func readableRefs(_ bad: inout [FsckReport.BadRef]) throws -> [(path: RefPath, commit: Checksum)] {
        var refs: [(path: RefPath, commit: Checksum)] = []
        var pending = ["refs"]
        while let path = pending.popLast() {
            guard let folder = try root.directoryIfPresent(path) else { continue }
            for entry in try folder.entries() {
                let name = "\(path)/\(entry)"
                let file = RefPath(name.dropFirst("refs/".count))
                switch try folder.status(of: entry).map({ $0.st_mode & S_IFMT }) {
                case S_IFDIR: pending.append(name)
                case S_IFREG, S_IFLNK:
                    let number = retryingInterrupts {
                        openat(folder.descriptor.number, entry, O_RDONLY | O_CLOEXEC)
                    }
                    guard number >= 0 else {
                        let error = SystemError("open \(folder.path)/\(entry)")
                        guard error.isNotFound || error.code == ELOOP else { throw error }
                        // An alias may stay when what it stands for goes.
                        if try folder.contains(entry) {
                            bad.append(
                                .init(ref: file.shown, reason: "it is an alias of a ref that is not there"))
                        }
                        continue
                    }
                    let text = String(decoding: try Descriptor(number).readAll(limit: 4096), as: UTF8.self)
                    if let commit = Checksum(hex: text.prefix { !$0.isWhitespace }) {
                        refs.append((file, commit))
                    } else {
                        bad.append(.init(ref: file.shown, reason: "it holds no commit"))
                    }
                default: continue
                }
            }
        }
        return refs
    }
}
