// SPDX-License-Identifier: Apache-2.0

/// The part of one ref's history that stays, back from its commit without a gap.
struct KeptHistory {
    /// The number of commits that stay however old they are.
    var commits: Int
    /// The time from which on all commits stay, in seconds since 1970; nil for never.
    var since: Int?

    /// All history.
    static let whole = KeptHistory(commits: .max)
    /// The ref's commit alone.
    static let tip = KeptHistory(commits: 1)

    /// Returns true if an ancestor stays.
    ///
    /// - Parameters:
    ///   - distance: the number of commits from the ref's to this one.
    ///   - commit: the commit; nil if it is damaged.
    func contains(_ distance: Int, _ commit: Commit?) -> Bool {
        if distance < commits { return true }
        guard let since, let commit else { return false }
        return Int(clamping: commit.timestamp) >= since
    }
}
