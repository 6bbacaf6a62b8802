// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A store in which nothing may be changed, for example while it is moved to another machine.
public final class ReadOnlyStore: StoreDecorator {
    /// The store behind.
    public let inner: any ArtifactStore

    /// It takes no changes.
    public var isReadOnly: Bool { true }

    /// Protects `inner`.
    public init(_ inner: any ArtifactStore) {
        self.inner = inner
    }

    /// Refuses.
    ///
    /// - Throws: `RepositoryError` with `notAllowed`, unless nothing is to change.
    public func check(_ changes: [RefChange]) throws {
        guard !changes.isEmpty else { return }
        throw refusal
    }

    /// Refuses.
    public func delete(_ deletions: [RefDeletion]) throws {
        throw refusal
    }

    /// Changes nothing.
    public func recover() {}

    /// Changes nothing.
    public func recordAccess(of refs: [RefName], at time: Int?) {}

    /// Refuses.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        throw refusal
    }

    private var refusal: RepositoryError {
        RepositoryError(.notAllowed, "the cache at \(path) takes no pushes at the moment: try again later")
    }
}
