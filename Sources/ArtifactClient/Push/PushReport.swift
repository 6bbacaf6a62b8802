// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The outcome of a push.
public struct PushReport: Sendable, Equatable {
    /// The refs, in the order in which they were given.
    public var results: [RefEditResult] = []
    /// The fate of signatures, and other detached metadata, that commits of the refs have got later.
    public var laterMetadata: [RefName: LaterMetadata] = [:]
    /// The number of objects that were sent.
    public var objects = 0
    /// The bytes of objects that were sent, in the form in which they travel.
    public var bytes: UInt64 = 0

    /// An empty report.
    public init() {}

    /// True if the remote has all of our commits, or one in their place that it keeps, with the signatures that it is known not
    /// to have had.
    public var isComplete: Bool {
        !results.contains { $0.outcome == .diverged }
            && !laterMetadata.values.contains { if case .lacking = $0 { true } else { false } }
    }
}
