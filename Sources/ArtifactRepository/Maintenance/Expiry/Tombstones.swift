// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

extension Repository {
    /// Tells whether commits that are removed leave a mark, so that clients can tell them from those that never were.
    var leavesTombstones: Bool { setting("tombstone-commits") }

    /// Leaves the mark of a commit that is about to be removed, as `ostree prune` does: a dictionary with the commit's digits
    /// and a NUL under `commit`.
    func writeTombstone(of commit: Checksum) throws {
        let bytes = Variant.dictionary([("commit", .bytes(Array(commit.hex.utf8) + [0]))]).serialized()
        let folder = commit.hex.prefix(2)
        try standardDirectory("tmp").replaceFile(
            "\(folder)/\(commit.hex.dropFirst(2)).tombstone-commit", of: objects, with: bytes)
    }
}
