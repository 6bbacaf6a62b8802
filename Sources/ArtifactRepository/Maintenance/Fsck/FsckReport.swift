// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The result of a repository check.
public struct FsckReport: Sendable {
    /// An object that does not match its name.
    public struct Damage: Sendable {
        /// The object.
        public var name: ObjectName
        /// A description of the damage.
        public var reason: String

        /// Describes damage.
        package init(name: ObjectName, reason: String) { (self.name, self.reason) = (name, reason) }
    }

    /// A missing object.
    public struct Missing: Sendable {
        /// The object.
        public var name: ObjectName
        /// An object that refers to it.
        public var parent: ObjectName

        /// Describes a missing object.
        package init(name: ObjectName, parent: ObjectName) { (self.name, self.parent) = (name, parent) }
    }

    /// A ref without a complete commit, or with a commit that is bound to other refs.
    public struct BadRef: Sendable {
        /// The path of the ref's file below `refs`, without `heads/`.
        public var ref: String
        /// A description of the problem.
        public var reason: String

        /// Describes a bad ref.
        package init(ref: String, reason: String) { (self.ref, self.reason) = (ref, reason) }
    }

    /// The number of checked objects.
    public var objects = 0
    /// The size of their files in bytes.
    public var bytes: UInt64 = 0
    /// The number of commits.
    public var commits = 0
    /// The number of refs.
    public var refs = 0
    /// The damaged objects, sorted by name.
    public var damaged: [Damage] = []
    /// The missing objects.
    public var missing: [Missing] = []
    /// Commits with missing or damaged objects that are not marked as partial.
    public var incompleteCommits: [Checksum] = []
    /// Commits marked as partial, as an interrupted `ostree pull` leaves them, which is no damage by itself.
    public var partialCommits: [Checksum] = []
    /// Refs without a complete commit.
    public var badRefs: [BadRef] = []
    /// Refs to commits that are bound to other refs, if `Fsck.Options.verifiesBindings` is set.
    public var misboundRefs: [BadRef] = []
    /// The number of damaged objects that were removed.
    public var removed = 0

    /// An empty report.
    package init() {}

    /// Indicates that no problem was found.
    public var isClean: Bool { damaged.isEmpty && missing.isEmpty && badRefs.isEmpty && misboundRefs.isEmpty }

    mutating func add(_ other: FsckReport) {
        objects += other.objects
        bytes += other.bytes
        damaged += other.damaged
    }
}
