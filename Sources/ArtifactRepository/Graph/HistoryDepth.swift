// SPDX-License-Identifier: Apache-2.0

/// The number of ancestors of each commit that a transfer is about.
public struct HistoryDepth: Sendable, Equatable {
    /// The number of ancestors; `Int.max` for all that there are.
    public let ancestors: Int

    /// The commit alone.
    public static let commitOnly = HistoryDepth(ancestors: 0)
    /// All ancestors.
    public static let all = HistoryDepth(ancestors: .max)

    /// Creates a depth. Negative numbers are taken for 0.
    public init(ancestors: Int) { self.ancestors = max(0, ancestors) }

    /// The depth that is left for the parent of a commit of this depth; nil if the parent is not asked for.
    var ofParent: HistoryDepth? {
        switch ancestors {
        case 0: nil
        case .max: self
        default: HistoryDepth(ancestors: ancestors - 1)
        }
    }
}

/// The ancestors that `MissingObjects` looks for.
public enum AncestorScope: Sendable {
    /// So many ancestors of each commit, also behind those that are here.
    case depth(HistoryDepth)
    /// Those that are missing, back to the first one that is here.
    case untilStored
    /// All that are missing, also behind those that are here.
    case behindStored

    /// Indicates that ancestors are wanted that the store removed from a history on purpose: where a number of them is
    /// asked for, and not where a push brings what is missing.
    var includesCutHistory: Bool {
        switch self {
        case .depth: true
        case .untilStored, .behindStored: false
        }
    }

    var depth: HistoryDepth {
        switch self {
        case .depth(let depth): depth
        case .untilStored, .behindStored: .all
        }
    }
}
