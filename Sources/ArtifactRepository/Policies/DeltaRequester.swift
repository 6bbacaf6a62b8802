// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Asks for static deltas after refs have moved: from the commit before, and from nothing.
package struct DeltaRequester: ReceivePolicy {
    private let repository: Repository

    /// Creates the policy.
    package init(_ repository: Repository) {
        self.repository = repository
    }

    /// False.
    package var decidesAtPublication: Bool { false }

    /// Notes the wishes. The push is done with or without deltas, so failures are ignored.
    package func didPublish(_ results: [RefEditResult]) {
        let names = results.filter { $0.outcome == .moved }.flatMap { result -> [DeltaName] in
            guard let new = result.new else { return [] }
            return [DeltaName(from: nil, to: new)] + (result.old.map { [DeltaName(from: $0, to: new)] } ?? [])
        }
        try? repository.requestDeltas(names)
    }
}
