// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COSTree
import Glibc
import SystemCalls

extension Repository {
    /// Returns true if a commit is marked as partial because `ostree fsck`, or this project's, found damage.
    func isPartialFromDamage(_ commit: Checksum) throws -> Bool {
        let bytes = try root.fileIfPresent("state/\(commit).commitpartial")?.readAll(limit: 16)
        return bytes?.first == UInt8(ascii: "f")
    }

    /// Marks a commit as partial, as `ostree fsck --delete` does, so that a pull into this repository fetches what is
    /// missing.
    func markPartial(_ commit: Checksum) throws {
        let opened = try openedByLibrary()
        _ = try withGError("mark commit \(commit) as partial") {
            opened.library.ostree_repo_mark_commit_partial_reason(
                opened.handle, commit.hex, 1, OSTREE_REPO_COMMIT_STATE_FSCK_PARTIAL, $0)
        }
    }

    /// Lists the refs of all kinds, and adds those that cannot be read to `bad`.
    func readableRefs(_ bad: inout [FsckReport.BadRef]) throws -> [(path: RefPath, commit: Checksum)] {
        var refs: [(path: RefPath, commit: Checksum)] = []
        try forEachRefFile(below: "refs") { file in
            let path = RefPath(file.path.dropFirst("refs/".count))
            do {
                if let commit = try commitInRefFile(file.path) {
                    refs.append((path, commit))
                } else if try root.contains(file.path) {
                    bad.append(.init(ref: path.shown, reason: "it is an alias of a ref that is not there"))
                }
            } catch let error as RepositoryError where error.code == .badObject {
                bad.append(.init(ref: path.shown, reason: "it holds no commit"))
            }
            return true
        }
        return refs
    }
}
