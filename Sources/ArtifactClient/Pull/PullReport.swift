// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// What a pull did.
public struct PullReport: Sendable, Equatable {
    /// When two commits were made, in seconds since 1970.
    public struct Times: Sendable, Equatable {
        /// The commit that a ref moves to.
        public var now: UInt64
        /// The one that it was at.
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

        /// When the commit and the previous one were made; nil where there is none, or one that is not here any more.
        public var times: Times?

        /// Describes what became of a ref.
        public init(ref: RefName, commit: Checksum, previous: Checksum? = nil) {
            self.ref = ref
            self.commit = commit
            self.previous = previous
        }

        /// Whether it moved.
        public var isChanged: Bool { previous != commit }

        /// True where it moved to a commit that is older than the one before.
        public var isOlder: Bool { times.map { $0.now < $0.before } ?? false }
    }

    /// The refs, in the order in which they were asked for.
    public var entries: [Entry] = []
    /// How many objects were fetched.
    public var objects = 0
    /// How many bytes of objects were fetched, as they travel.
    public var bytes: UInt64 = 0

    /// Nothing was pulled.
    public init() {}
}
