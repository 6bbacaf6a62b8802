// SPDX-License-Identifier: Apache-2.0

/// One edit of a ref: the commit that is to be there, provided that the right one is there now.
public struct RefEdit: Equatable, Sendable {
    /// The condition on the ref before the edit.
    public enum PreviousValue: Equatable, Sendable {
        /// None: a pull follows its remote, backwards too.
        case any
        /// The ref does not exist.
        case mustNotExist
        /// The ref does not exist; an artifact that somebody else brought meanwhile stays, and that is no failure.
        case mustNotExistOrKeep
        /// The ref points to this commit.
        case mustMatch(Checksum)
        /// The client could not know: it counts as one that names the commit that is there.
        case unstated

        /// The commit that must be there, if one is named.
        public var commit: Checksum? {
            if case .mustMatch(let commit) = self { commit } else { nil }
        }
    }

    /// The ref.
    public var ref: RefName
    /// The condition on the ref before the edit.
    public var previous: PreviousValue
    /// The commit that is to be there; nil removes the ref.
    public var new: Checksum?

    /// Describes an edit.
    public init(_ ref: RefName, from previous: PreviousValue, to new: Checksum?) {
        (self.ref, self.previous, self.new) = (ref, previous, new)
    }

    /// Describes an edit of a ref that points to `old`; nil if it does not exist.
    public init(_ ref: RefName, at old: Checksum?, to new: Checksum?) {
        self.init(ref, from: old.map { .mustMatch($0) } ?? .mustNotExist, to: new)
    }
}

/// The outcome of a `RefEdit`.
public struct RefEditResult: Equatable, Sendable {
    /// The outcomes. The raw values of the first three are the words of the message `results`.
    public enum Outcome: String, Sendable, CaseIterable {
        /// The ref points to the new commit now, or is gone where that was asked for.
        case moved
        /// It pointed there already.
        case unchanged
        /// It points to another commit, and was left there.
        case kept
        /// The remote's commit is not an ancestor of the new one, so the edit was not asked for.
        case diverged
        /// The ref points to the new commit now; the remote does not tell what it had before.
        case sent
    }

    /// The ref.
    public var ref: RefName
    /// The commit before the edit; nil where there was none, or where the peer does not tell.
    public var old: Checksum?
    /// The outcome. It stands in the padding between the commits, since a push may have a hundred thousand results.
    public var outcome: Outcome
    /// The commit that the edit asked for, or that the receiver has made from it; nil for a removal, or where the peer does
    /// not tell.
    public var new: Checksum?

    /// Describes the outcome of an edit.
    public init(_ ref: RefName, _ outcome: Outcome, from old: Checksum?, to new: Checksum?) {
        (self.ref, self.outcome, self.old, self.new) = (ref, outcome, old, new)
    }
}
