// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Refs below `releases/` never move again, and never go.
///
/// The other requirements of ``ReceivePolicy`` have defaults that allow everything.
struct FrozenReleases: ReceivePolicy {
    let store: any ArtifactStore

    init(_ store: any ArtifactStore) {
        self.store = store
    }

    /// Is asked before any object is taken: the client hears the reason at once.
    func authorize(_ edits: [RefEdit]) throws {
        for edit in edits where edit.ref.text.hasPrefix("releases/") {
            guard let old = try store.commit(of: edit.ref), old != edit.new else { continue }
            throw RepositoryError(
                .notAllowed, "\(edit.ref) is released and stays as it is: push under another name")
        }
    }
}
