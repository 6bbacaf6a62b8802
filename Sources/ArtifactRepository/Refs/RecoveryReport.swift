// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The repairs of what crashes had left.
public struct RecoveryReport: Sendable, Equatable {
    /// Refs that were moved, since a change of several refs had moved only some.
    public var completed: [RefName] = []
    /// Refs that were moved back, since such a change cannot be completed any more.
    public var undone: [RefName] = []
    /// Indicates that a journal was dropped that was none.
    public var hasDroppedJournal = false
    /// The number of leftover quarantines that were removed.
    public var removedQuarantines = 0

    /// An empty report.
    public init() {}
}
