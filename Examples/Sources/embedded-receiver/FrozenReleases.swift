// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// A store in which refs below `releases/` never move again, and never go.
///
/// What a policy does not speak of, ``StoreDecorator`` passes on.
final class FrozenReleases: StoreDecorator {
    let inner: any ArtifactStore

    init(_ inner: any ArtifactStore) {
        self.inner = inner
    }

    /// Is asked before any object is taken: the client hears the reason at once.
    func check(_ changes: [RefChange]) throws {
        for change in changes where change.ref.text.hasPrefix("releases/") {
            if let old = try inner.commit(of: change.ref), old != change.new { throw refusal(change.ref) }
        }
        try inner.check(changes)
    }

    func delete(_ deletions: [RefDeletion]) throws {
        for deletion in deletions where deletion.ref.text.hasPrefix("releases/") {
            throw refusal(deletion.ref)
        }
        try inner.delete(deletions)
    }

    private func refusal(_ ref: RefName) -> RepositoryError {
        RepositoryError(.notAllowed, "\(ref) is released and stays as it is: push under another name")
    }
}
