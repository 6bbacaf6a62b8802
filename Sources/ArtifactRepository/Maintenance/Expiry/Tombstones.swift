// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

extension Repository {
    /// Indicates that removed commits leave a tombstone, by which clients tell them from commits that never existed.
    var leavesTombstones: Bool { setting("tombstone-commits") }

    /// Writes the tombstone of a commit that is about to be removed, as `ostree prune` does: a dictionary with the
    /// commit's digits and a NUL under `commit`.
    func writeTombstone(of commit: Checksum) throws {
        let bytes = Variant.dictionary([("commit", .bytes(Array(commit.hex.utf8) + [0]))]).serialized()
        let prefix = commit.hex.prefix(2)
        try standardDirectory("tmp").replaceFile(
            "\(prefix)/\(commit.hex.dropFirst(2)).tombstone-commit", of: objects, with: bytes)
    }
}
