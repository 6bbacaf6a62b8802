// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

// Expiry notes where it cuts a history, so that the next push does not fill in again what was removed. Like git's `shallow`,
// the note has only the newest removed commit of each history, and goes with the commit that it is the parent of. libostree
// needs no note: it takes history for complete where a parent is missing.
//
// Format of `state/bst-artifact-cut-history`, and of the key of a bucket: one commit a line, sorted.

/// The form of a note of where histories were cut.
package enum CutHistory {
    /// The most bytes that are read.
    package static let maximumSize = 64 << 20

    /// Returns the commits in a note. Other lines are passed over.
    package static func commits(in bytes: [UInt8]) -> Set<Checksum> {
        Set(
            bytes.split(separator: UInt8(ascii: "\n")).compactMap {
                Checksum(hex: String(decoding: $0, as: UTF8.self))
            })
    }

    /// Returns the note of commits.
    package static func serialized(_ commits: Set<Checksum>) -> [UInt8] {
        Array(commits.map { "\($0)\n" }.sorted().joined().utf8)
    }
}

extension Repository {
    private static let cutHistoryPath = "state/bst-artifact-cut-history"

    /// Returns true if a commit that is missing was removed from a history on purpose: by expiry, or by a program that left a
    /// tombstone.
    public func isCut(_ commit: Checksum) throws -> Bool {
        try objects.contains(tombstonePath(of: commit)) || cutCommits().contains(commit)
    }

    /// The newest removed commit of each history that expiry has cut. Those that are here again do not count.
    func cutCommits() throws -> Set<Checksum> {
        CutHistory.commits(
            in: try root.fileIfPresent(Repository.cutHistoryPath)?.readAll(limit: CutHistory.maximumSize)
                ?? [])
    }

    /// Notes where histories are cut, and drops what is noted in vain.
    func noteCutCommits(adding added: Set<Checksum> = [], removing removed: Set<Checksum> = []) throws {
        try withRefLock {
            let before = try cutCommits()
            let after = before.union(added).subtracting(removed)
            guard after != before else { return }
            let state = try standardDirectory("state")
            try replaceFile(Repository.cutHistoryPath, with: CutHistory.serialized(after))
            try state.sync()
        }
    }

    /// The path of a commit's tombstone below `objects/`.
    func tombstonePath(of commit: Checksum) -> String {
        "\(commit.hex.prefix(2))/\(commit.hex.dropFirst(2)).tombstone-commit"
    }
}
