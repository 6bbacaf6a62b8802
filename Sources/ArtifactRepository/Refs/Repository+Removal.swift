// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

extension Repository {
    /// Removes refs, all or none, durably. Objects that nothing needs any more go with the next expiry or prune.
    public func delete(_ edits: [RefEdit]) throws -> [RefEditResult] {
        try withLocks {
            _ = try finishJournal()
            let pins = try pins()
            var results: [RefName: RefEditResult] = [:]
            for edit in edits {
                results[edit.ref] = try edit.result(at: commit(of: edit.ref), moves: .any)
            }
            try pins.check(deleting: edits.map(\.ref))
            let aliases = try refListing(onlyAliases: true)
            try checkAliases(deleting: edits.map(\.ref), aliases)
            let ordered = aliases.aliasesFirst(edits.map(\.ref)).compactMap { results[$0] }
            try move(ordered)
            return edits.compactMap { results[$0.ref] }
        }
    }
}
