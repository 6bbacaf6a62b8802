// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The place where history ends, because a peer lacks the parent of a commit.
public struct HistoryEnd: Sendable, Equatable, Hashable {
    /// The oldest commit that there is.
    public let commit: Checksum
    /// Its parent, which is missing.
    public let missingParent: Checksum

    /// Describes the end of a history.
    public init(commit: Checksum, missingParent: Checksum) {
        (self.commit, self.missingParent) = (commit, missingParent)
    }
}

extension Repository {
    /// Returns true if the parent of a commit is here, with its tree as far as libostree knows.
    public func hasParent(of commit: Checksum) throws -> Bool {
        guard let parent = try parent(of: commit) else { return false }
        return try hasWhole(parent)
    }
}

extension ArtifactStore {
    /// Returns the place where the history of a commit ends here because the parent is missing or not known to be whole;
    /// nil if it does not end so within a depth, or if the commit is not here.
    public func historyEnd(of commit: Checksum, within depth: HistoryDepth) throws -> HistoryEnd? {
        var (child, left) = (commit, depth)
        while let next = left.ofParent, let parent = try parent(of: child) {
            guard try hasWhole(parent) else {
                return HistoryEnd(commit: child, missingParent: parent)
            }
            (child, left) = (parent, next)
        }
        return nil
    }

    /// The parent of a commit; nil if it has none, or is not here.
    func parent(of commit: Checksum) throws -> Checksum? {
        let name = ObjectName(commit, .commit)
        return try metadata(name)?.withUnsafeBytes { try Commit($0, name) }.parent
    }
}
