// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc

/// A store in which only certain refs may be moved.
public final class RefFilter: StoreDecorator {
    /// The store behind.
    public let inner: any ArtifactStore
    private let allowed: [String]
    private let denied: [String]

    /// Limits what may be moved in `inner`.
    ///
    /// - Parameters:
    ///   - inner: the store behind.
    ///   - allowed: shell-style patterns, in which `*` also stands for slashes; a ref must match one of them, if there are
    ///     any.
    ///   - denied: patterns that a ref must not match.
    public init(_ inner: any ArtifactStore, allowed: [String], denied: [String]) {
        self.inner = inner
        self.allowed = allowed
        self.denied = denied
    }

    /// Looks whether refs may, and could, move now.
    ///
    /// - Throws: `RepositoryError` with `notAllowed`.
    public func check(_ changes: [RefChange]) throws {
        for change in changes { try check(change.ref, "pushed") }
        try inner.check(changes)
    }

    /// Removes refs that may be.
    ///
    /// - Throws: `RepositoryError` with `notAllowed`.
    public func delete(_ deletions: [RefDeletion]) throws {
        for deletion in deletions { try check(deletion.ref, "deleted") }
        try inner.delete(deletions)
    }

    private func check(_ ref: RefName, _ action: String) throws(RepositoryError) {
        let isAllowed = allowed.isEmpty || allowed.contains { fnmatch($0, ref.text, 0) == 0 }
        guard isAllowed, !denied.contains(where: { fnmatch($0, ref.text, 0) == 0 }) else {
            throw RepositoryError(
                .notAllowed,
                "ref \(ref) may not be \(action) with this key: ask the cache's administrator for that right"
            )
        }
    }
}
