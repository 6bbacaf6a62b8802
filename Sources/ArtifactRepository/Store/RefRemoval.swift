// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

extension Repository {
    /// Removes refs, all or none, durably. Objects that nothing needs any more go with the next expiry or prune.
    public func delete(_ deletions: [RefDeletion]) throws {
        try withRefLock {
            try withSharedLock {
                _ = try finishJournal()
                let pins = try pins()
                for deletion in deletions { try check(deletion, pins) }
                try move(
                    deletions.map { RefMove(ref: $0.ref, old: $0.commit, new: nil) },
                    temporaryFilesIn: try root.directory("tmp"))
            }
        }
    }

    private func check(_ deletion: RefDeletion, _ pins: Pins) throws {
        let ref = deletion.ref
        guard let current = try commit(of: ref) else {
            throw RepositoryError(
                .unknownRef, "ref \(ref) cannot be deleted, since there is none: list what there is")
        }
        guard current == deletion.commit else {
            throw RepositoryError(
                .refMoved,
                "ref \(ref) is not deleted, since somebody moved it to \(current) meanwhile: look at it, then try again"
            )
        }
        guard !pins.contains(ref) else {
            throw RepositoryError(
                .notAllowed,
                "ref \(ref) is not deleted, since it is pinned: ask the cache's administrator to unpin it")
        }
    }
}
