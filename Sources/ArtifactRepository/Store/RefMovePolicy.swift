// SPDX-License-Identifier: Apache-2.0

/// The commits to which a ref that exists may move.
public enum RefMovePolicy: String, Sendable, CaseIterable {
    /// A descendant of its commit; and any commit, where neither of the two has a parent, as artifacts have none.
    case artifacts
    /// A descendant of its commit.
    case forward
    /// Any commit.
    case any
    /// None: the ref stays, and that is no failure.
    case never
}
