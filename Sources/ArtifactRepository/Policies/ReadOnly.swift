// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Refuses every change, for example while a cache is moved to another machine.
public struct ReadOnly: ReceivePolicy {
    private let location: String

    /// Creates the policy; `location` is the name of the cache in messages.
    public init(_ location: String) {
        self.location = location
    }

    /// Refuses, unless nothing is to change.
    public func authorize(_ edits: [RefEdit]) throws {
        if !edits.isEmpty { throw refusal }
    }

    /// Refuses.
    public func admit(_ object: ObjectName, size: UInt64?) throws { throw refusal }

    /// Refuses.
    public func willPublish(_ edits: [RefEdit], from quarantine: (any Quarantine)?) throws { throw refusal }

    /// The error for those who want a change.
    public var refusal: RepositoryError {
        RepositoryError(
            .notAllowed, "the cache at \(location) takes no pushes at the moment: try again later")
    }
}
