// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The outcome of a push.
public struct PushReport: Sendable, Equatable {
    /// A ref whose history ends at the remote, and goes on here.
    public struct HistoryGap: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// The oldest commit of it that the remote has.
        public var end: Checksum
    }

    /// The refs, in the order in which they were given.
    public var results: [RefEditResult] = []
    /// The fate of signatures, and other detached metadata, that commits of the refs have got later.
    public var laterMetadata: [RefName: LaterMetadata] = [:]
    /// The number of commits that were sent as ancestors of ones that the remote had.
    public var filledIn = 0
    /// The refs whose history was found to end early at the remote, as far as it tells. The push fills them in, as
    /// `Pusher.Options.historyFilling` has it; a dry run would.
    public var historyGaps: [HistoryGap] = []
    /// Indicates that all history was to be filled in, and the receiver cannot do that.
    public var cannotFillHistory = false
    /// The remote's reason for not taking the ancestors that it misses; nil if it took them, or was not asked.
    public var historyRefusal: String?
    /// The number of objects that were sent.
    public var objects = 0
    /// The bytes of objects that were sent, in the form in which they travel.
    public var bytes: UInt64 = 0

    /// An empty report.
    public init() {}

    /// True if the remote has all of our commits, or one in their place that it keeps, with the signatures that it is known not
    /// to have had, and the history that was to be filled in.
    public var isComplete: Bool {
        !cannotFillHistory && !results.contains { $0.outcome == .diverged }
            && !laterMetadata.values.contains { if case .lacking = $0 { true } else { false } }
    }
}
