// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The disk usage of one project, whose name is the first part of its refs.
public struct ProjectStatistics: Sendable, Equatable {
    /// A ref with an extreme value.
    public struct Extreme: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// The value, in bytes or in seconds since 1970.
        public var value: UInt64
    }

    /// The project's name.
    public var project: String
    /// The number of refs.
    public var refs = 0
    /// The number of artifacts: commits that the refs point to.
    public var artifacts = 0
    /// The disk usage in bytes of objects that no other project needs.
    public var uniqueBytes: UInt64 = 0
    /// The disk usage in bytes of objects that other projects need, too.
    public var sharedBytes: UInt64 = 0
    /// The artifact whose files use the most bytes of disk, each file counted as often as it occurs.
    public var largest: Extreme?
    /// The artifact with the oldest commit.
    public var oldest: Extreme?
}

/// The number and disk usage of the artifacts in a repository.
public struct RepositoryStatistics: Sendable, Equatable {
    /// The projects, sorted by name.
    public var projects: [ProjectStatistics] = []
    /// The disk usage in bytes of all objects that refs need, each counted once.
    public var reachableBytes: UInt64 = 0
    /// The disk usage in bytes of all objects and static deltas.
    public var allocatedBytes: UInt64 = 0
    /// The free bytes of the file system.
    public var freeBytes: UInt64 = 0
    /// Artifacts with missing objects.
    public var incomplete: [RefName] = []
    /// Refs that could not be listed.
    public var leftOut: [RefListing.LeftOut] = []
}

extension Repository {
    /// Computes the statistics. Visits every reachable object once per project that needs it.
    ///
    /// - Throws: If the repository cannot be read, or `cancellation` is requested.
    public func statistics(cancellation: Cancellation? = nil) throws -> RepositoryStatistics {
        var walk = try StatisticsWalk(self, cancellation)
        let leftOut = try forEachRef { ref, commit, _ in try walk.add(ref, commit) }
        var result = walk.statistics
        result.projects.sort { $0.project < $1.project }
        result.leftOut = leftOut
        result.allocatedBytes = try allocatedBytes()
        result.freeBytes = try freeBytes()
        return result
    }
}
