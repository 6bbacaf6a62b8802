// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// What was done about what crashes had left.
public struct RecoveryReport: Sendable, Equatable {
    /// Refs that were moved, since a change of several refs had moved only some.
    public var completed: [RefName] = []
    /// Refs that were moved back, since such a change cannot be completed any more.
    public var undone: [RefName] = []
    /// Whether a journal was dropped that was none.
    public var hasDroppedJournal = false
    /// How many left-over quarantines were removed.
    public var removedQuarantines = 0

    /// Nothing was done.
    public init() {}
}

extension Repository {
    /// Does at once what receivers do as they come by: completes or undoes changes of refs that were cut short, and removes
    /// quarantines that nobody will take over.
    public func recoverAll() throws -> RecoveryReport {
        var report = try recoverRefs()
        report.removedQuarantines = try QuarantineDirectory.removeLeftovers(in: standardDirectory("tmp"))
        return report
    }
}
