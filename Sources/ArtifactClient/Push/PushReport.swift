// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// What a push did.
public struct PushReport: Sendable, Equatable {
    /// What became of one ref.
    public enum Outcome: Sendable, Equatable {
        /// The remote has our commit now; before, it had this one or none.
        case pushed(from: Checksum?)
        /// The remote got another commit for it meanwhile, which it keeps: the artifact is there.
        case kept(remote: Checksum)
        /// The remote had our commit already.
        case upToDate
        /// The remote's commit is not an ancestor of ours, so the ref was left where it is.
        case diverged(remote: Checksum)
        /// The remote has our commit now, and does not tell whether it had it, another one, or none.
        case sent
    }

    /// One ref.
    public struct Entry: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// Our commit.
        public var commit: Checksum
        /// What became of it.
        public var outcome: Outcome

        /// Describes what became of a ref.
        public init(ref: RefName, commit: Checksum, outcome: Outcome) {
            self.ref = ref
            self.commit = commit
            self.outcome = outcome
        }
    }

    /// The refs, in the order in which they were given.
    public var entries: [Entry] = []
    /// How many objects were sent.
    public var objects = 0
    /// How many bytes of objects were sent, in the form in which they travel.
    public var bytes: UInt64 = 0

    /// Nothing was pushed.
    public init() {}

    /// Whether the remote has all of our commits.
    public var isComplete: Bool {
        entries.allSatisfy { if case .diverged = $0.outcome { false } else { true } }
    }
}
