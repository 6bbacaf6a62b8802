// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

extension RefChange {
    /// The outcome of the move, given where the ref is, as far as that can be told without looking at commits.
    ///
    /// - Throws: `RepositoryError` with `refMoved` where it is not where it must be.
    public func outcome(current: Checksum?) throws(RepositoryError) -> RefOutcome {
        if current == new { return .unchanged }
        switch (expectation, current) {
        case (.commit(let expected), nil):
            throw RepositoryError(
                .refMoved,
                "ref \(ref) does not exist, so it is not at \(expected): push again to make it anew")
        case (_, nil): return .moved(from: nil)
        case (.anything, .some): return .moved(from: current)
        case (_, .some(let current)) where moves == .never: return .kept(current)
        case (.unknown, .some): return .moved(from: current)
        case (.absentOrKept, .some(let current)): return .kept(current)
        case (.absent, .some(let current)): throw existsAlready(at: current)
        case (.commit(let expected), .some(let current)) where expected == current:
            return .moved(from: current)
        case (.commit(let expected), .some(let current)):
            throw RepositoryError(
                .refMoved,
                "ref \(ref) is at \(current), not at \(expected), so somebody else moved it: pull or rebase, then push "
                    + "again")
        }
    }

    /// Checks an outcome against the history of the commits.
    ///
    /// - Parameter parent: tells the parent of a commit; nil where it has none, or is not there.
    /// - Throws: `RepositoryError` with `notFastForward`, or with `refMoved`.
    func check(_ outcome: RefOutcome, parent: (Checksum) throws -> Checksum?) throws {
        func areArtifacts(_ old: Checksum) throws -> Bool { try parent(new) == nil && parent(old) == nil }
        switch (outcome, expectation) {
        case (.moved, .anything), (.moved(from: nil), _), (.unchanged, _): return
        case (.moved(from: .some(let old)), _):
            if moves == .any { return }
            var next = try parent(new)
            while let commit = next, commit != old { next = try parent(commit) }
            if next == old { return }
            if moves == .artifacts, try areArtifacts(old) { return }
            throw RepositoryError(
                .notFastForward,
                "ref \(ref) cannot move from \(old) to \(new): the new commit does not descend from the old one; pull that and "
                    + "commit on top of it, or ask the cache's administrator to allow it with --moves any")
        case (.kept(let current), _):
            guard try moves == .never || areArtifacts(current) else { throw existsAlready(at: current) }
        }
    }

    private func existsAlready(at current: Checksum) -> RepositoryError {
        RepositoryError(
            .refMoved,
            "ref \(ref) exists already, at \(current), so it cannot be made for \(new): push again to start from there"
        )
    }
}

extension Repository {
    /// Looks whether refs could move now, without moving them.
    public func check(_ changes: [RefChange]) throws {
        for change in changes { _ = try change.outcome(current: commit(of: change.ref)) }
        try checkAliases(changes)
        try checkPlaces(of: changes.map(\.ref))
    }

    /// Looks whether refs can exist beside each other and beside those that are there.
    func checkPlaces(of refs: [RefName]) throws {
        let names = Set(refs)
        for ref in refs {
            try checkPlace(of: ref)
            if let parent = ref.parents.first(where: { names.contains($0) }) {
                throw placeTaken(ref, by: parent.text)
            }
        }
    }

    /// A ref is a file, so none can stand where another has a folder, or below another.
    private func checkPlace(of ref: RefName) throws {
        for parent in ref.parents {
            guard try commit(of: parent) != nil || isAlias(parent) else { continue }
            throw placeTaken(ref, by: parent.text)
        }
        guard try commit(of: ref) == nil else { return }
        guard let folder = try root.directoryIfPresent("refs/heads/\(ref)") else { return }
        guard try folder.holdsOnlyFolders() else { throw placeTaken(ref, by: "\(ref)/...") }
    }

    /// Removes the empty folders that deleted refs leave behind, where they stand in a ref's place.
    func clearPlace(of ref: RefName) throws {
        let path = "refs/heads/\(ref)"
        if try root.directoryIfPresent(path) != nil { try root.removeEmptyDirectories(path) }
    }

    private func placeTaken(_ ref: RefName, by other: String) -> RepositoryError {
        RepositoryError(
            .conflict, "ref \(ref) cannot exist beside ref \(other): choose another name or delete that one")
    }
}

extension Directory {
    /// Whether there is nothing but folders below.
    fileprivate func holdsOnlyFolders() throws -> Bool {
        try entries().allSatisfy { entry in
            guard let folder = try directoryIfPresent(entry) else { return false }
            return try folder.holdsOnlyFolders()
        }
    }
}
