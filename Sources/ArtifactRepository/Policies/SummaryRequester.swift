// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Asks for a new summary after refs were edited.
public struct SummaryRequester: ReceivePolicy {
    private let repository: Repository
    private let isWanted: @Sendable () -> Bool

    /// Creates the policy.
    ///
    /// - Parameters:
    ///   - repository: the repository.
    ///   - isWanted: returns true if there is to be a summary; called when refs have moved.
    public init(_ repository: Repository, when isWanted: @escaping @Sendable () -> Bool = { true }) {
        (self.repository, self.isWanted) = (repository, isWanted)
    }

    /// False.
    public var decidesAtPublication: Bool { false }

    /// Requests a summary update. The push is complete without one, so failures are ignored.
    public func didPublish(_ results: [RefEditResult]) {
        guard results.contains(where: { $0.outcome == .moved }), isWanted() else { return }
        try? repository.requestSummaryUpdate()
    }
}
