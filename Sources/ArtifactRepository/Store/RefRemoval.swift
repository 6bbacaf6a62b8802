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
                let aliases = try refListing(onlyAliases: true)
                try checkAliases(deleting: deletions.map(\.ref), aliases)
                let commits = Dictionary(deletions.map { ($0.ref, $0.commit) }) { first, _ in first }
                let moves = try aliases.aliasesFirst(deletions.map(\.ref)).map { ref in
                    RefMove(ref: ref, old: commits[ref], new: nil, link: try aliasLink(of: ref))
                }
                try move(moves, temporaryFilesIn: standardDirectory("tmp"))
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
