// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// What was found in a repository.
public struct FsckReport: Sendable {
    /// An object that is not what its name says.
    public struct Damage: Sendable {
        /// The object.
        public var name: ObjectName
        /// What is wrong with it.
        public var reason: String
    }

    /// An object that something needs and that is not there.
    public struct Missing: Sendable {
        /// The object.
        public var name: ObjectName
        /// What names it.
        public var parent: ObjectName
    }

    /// A ref that leads nowhere, or to a commit of another.
    public struct BadRef: Sendable {
        /// The ref, as its file below `refs` is called without `heads/`.
        public var ref: String
        /// What is wrong with it.
        public var reason: String
    }

    /// How many objects were checked.
    public var objects = 0
    /// How many bytes their files have.
    public var bytes: UInt64 = 0
    /// How many commits there are.
    public var commits = 0
    /// How many refs there are.
    public var refs = 0
    /// What is not what it says, sorted.
    public var damaged: [Damage] = []
    /// What is not there.
    public var missing: [Missing] = []
    /// Commits of which something is missing or damaged, and that are not marked as partial.
    public var incompleteCommits: [Checksum] = []
    /// Commits that are marked as partial, as an interrupted `ostree pull` leaves them. No damage by itself.
    public var partialCommits: [Checksum] = []
    /// Refs that lead nowhere.
    public var badRefs: [BadRef] = []
    /// Refs that point to commits that were made for others, where that was to be looked at.
    public var misboundRefs: [BadRef] = []
    /// How many damaged objects were removed.
    public var removed = 0

    /// Whether nothing is wrong.
    public var isClean: Bool { damaged.isEmpty && missing.isEmpty && badRefs.isEmpty && misboundRefs.isEmpty }

    mutating func add(_ other: FsckReport) {
        objects += other.objects
        bytes += other.bytes
        damaged += other.damaged
    }
}
