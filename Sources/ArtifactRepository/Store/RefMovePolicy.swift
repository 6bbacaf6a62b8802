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

/// The values of the receiver's option `--existing`, which `--moves` replaces. Receivers of caches that still have it must
/// not fail to start.
public enum ExistingRefs: String, Sendable, CaseIterable {
    /// The ref stays.
    case keep
    /// The push is refused.
    case reject
    /// The ref moves to any commit.
    case replace

    /// The policy that comes closest.
    public var successor: RefMovePolicy {
        switch self {
        case .keep: .never
        case .reject: .forward
        case .replace: .any
        }
    }
}
