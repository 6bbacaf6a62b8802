// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The result of a pull.
public struct PullReport: Sendable, Equatable {
    /// The times of two commits, in seconds since 1970.
    public struct Times: Sendable, Equatable {
        /// The commit that a ref moves to.
        public var now: UInt64
        /// The commit that it pointed to before.
        public var before: UInt64
    }

    /// One ref.
    public struct Entry: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// The commit that it points to now, here and at the remote.
        public var commit: Checksum
        /// The commit that it pointed to here before, if any.
        public var previous: Checksum?
        /// The times of the commit and the previous one; nil where there is no previous one, or it was pruned here.
        public var times: Times?
        /// The additions to the detached metadata of a commit that was here already; nil if there were none.
        public var addition: MetadataAddition?

        /// Describes the result for a ref.
        public init(ref: RefName, commit: Checksum, previous: Checksum? = nil) {
            self.ref = ref
            self.commit = commit
            self.previous = previous
        }

        /// True if it moved.
        public var isChanged: Bool { previous != commit }

        /// True if it moved to a commit that is older than the one before.
        public var isOlder: Bool { times.map { $0.now < $0.before } ?? false }
    }

    /// A commit that was pulled for itself, without a ref.
    public struct PlainCommit: Sendable, Equatable {
        /// The commit.
        public var commit: Checksum
        /// True if all of it was here before.
        public var wasHere: Bool
    }

    /// The place of the refs here.
    public var place = RefPlace.heads
    /// The refs, in the order in which they were asked for.
    public var entries: [Entry] = []
    /// The commits that were asked for without a ref. No ref moves for them.
    public var commits: [PlainCommit] = []
    /// The edits of refs here, whose new commits differ from those of the remote where they were rewritten.
    public var results: [RefEditResult] = []
    /// The number of commits that were fetched as ancestors of those of the refs.
    public var ancestors = 0
    /// The places where history ends before the depth that was asked for, because the remote lacks a parent. In the plan
    /// of a pull, because it is not here.
    public var historyEnds: [HistoryEnd] = []
    /// The number of objects that were fetched.
    public var objects = 0
    /// The bytes of objects that were fetched, in the form in which they travel.
    public var bytes: UInt64 = 0

    /// An empty report.
    public init() {}

    /// Creates an empty report for refs in a place.
    init(in place: RefPlace) { self.place = place }
}
