// SPDX-License-Identifier: Apache-2.0

/// The part of one ref's history that stays, back from its commit without a gap.
package struct KeptHistory: Hashable, Sendable {
    /// The number of commits that stay however old they are.
    package var commits: Int
    /// The time from which on all commits stay, in seconds since 1970; nil for never.
    package var since: Int?

    /// All history.
    package static let whole = KeptHistory(commits: .max)
    /// The ref's commit alone.
    static let tip = KeptHistory(commits: 1)

    /// Describes a part of a history; by default without a time.
    package init(commits: Int, since: Int? = nil) { (self.commits, self.since) = (commits, since) }

    /// The part of the parent's history that stays with it, if the commit itself stays.
    package var ofParent: KeptHistory {
        KeptHistory(commits: commits == .max ? .max : max(commits - 1, 0), since: since)
    }

    /// Returns true if it keeps all that another one keeps, of whatever history.
    package func includes(_ other: KeptHistory) -> Bool {
        commits >= other.commits && (since ?? .max) <= (other.since ?? .max)
    }

    /// Returns true if an ancestor stays.
    ///
    /// - Parameters:
    ///   - distance: the number of commits from the ref's to this one.
    ///   - commit: the commit; nil if it is damaged.
    package func contains(_ distance: Int, _ commit: Commit?) -> Bool {
        if distance < commits { return true }
        guard let since, let commit else { return false }
        return Int(clamping: commit.timestamp) >= since
    }
}
