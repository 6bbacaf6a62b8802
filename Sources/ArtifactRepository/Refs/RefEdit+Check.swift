// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension RefEdit {
    /// The result of the edit, given where the ref is, as far as that can be told without looking at commits.
    ///
    /// - Throws: `RepositoryError` with `unknownRef` or `refMoved` if it is not where it must be.
    public func result(at current: Checksum?, moves: RefMovePolicy) throws(RepositoryError) -> RefEditResult {
        guard let new else { return try removal(at: current) }
        func result(_ outcome: RefEditResult.Outcome) -> RefEditResult {
            RefEditResult(ref, outcome, from: current, to: new)
        }
        if current == new { return result(.unchanged) }
        switch (previous, current) {
        case (.mustMatch(let expected), nil):
            throw RepositoryError(
                .refMoved,
                "ref \(ref) does not exist, so it is not at \(expected): push again to make it anew")
        case (_, nil), (.any, .some): return result(.moved)
        case (_, .some) where moves == .never: return result(.kept)
        case (.unstated, .some): return result(.moved)
        case (.mustNotExistOrKeep, .some): return result(.kept)
        case (.mustNotExist, .some(let current)): throw existsAlready(at: current)
        case (.mustMatch(let expected), .some(let current)):
            if expected == current { return result(.moved) }
            throw RepositoryError(
                .refMoved,
                "ref \(ref) is at \(current), not at \(expected), so somebody else moved it: pull or rebase, then push "
                    + "again")
        }
    }

    private func removal(at current: Checksum?) throws(RepositoryError) -> RefEditResult {
        guard let current else {
            throw RepositoryError(
                .unknownRef, "ref \(ref) cannot be deleted, since there is none: list what there is")
        }
        guard previous == .mustMatch(current) || previous == .any else {
            throw RepositoryError(
                .refMoved,
                "ref \(ref) is not deleted, since somebody moved it to \(current) meanwhile: look at it, then try again"
            )
        }
        return RefEditResult(ref, .moved, from: current, to: nil)
    }

    /// Checks a result against the history of the commits.
    ///
    /// - Parameter parent: the parent of a commit; nil if it has none, or is not there.
    /// - Throws: `RepositoryError` with `notFastForward` or `refMoved`.
    package func check(
        _ result: RefEditResult, moves: RefMovePolicy, parent: (Checksum) throws -> Checksum?
    ) throws {
        guard let old = result.old, let new = result.new else { return }
        func areArtifacts() throws -> Bool { try parent(new) == nil && parent(old) == nil }
        if result.outcome == .kept {
            guard try moves == .never || areArtifacts() else { throw existsAlready(at: old) }
        }
        guard result.outcome == .moved, previous != .any, moves != .any else { return }
        var next = try parent(new)
        while let commit = next, commit != old { next = try parent(commit) }
        if next == old { return }
        if moves == .artifacts, try areArtifacts() { return }
        throw RepositoryError(
            .notFastForward,
            "ref \(ref) cannot move from \(old) to \(new): the new commit does not descend from the old one; pull that and "
                + "commit on top of it, or ask the cache's administrator to allow it with --moves any")
    }

    private func existsAlready(at current: Checksum) -> RepositoryError {
        RepositoryError(
            .refMoved,
            "ref \(ref) exists already, at \(current), so it cannot be made for \(Checksum.hexOrZeros(new)): push again to start from there"
        )
    }
}

extension Repository {
    /// Checks that refs could move now, without moving them.
    public func check(_ edits: [RefEdit], moves: RefMovePolicy) throws {
        for edit in edits { _ = try edit.result(at: commit(of: edit.ref), moves: moves) }
        try checkAliases(edits)
        try checkPlaces(of: edits.map(\.ref))
    }

    /// Checks that refs can exist beside each other and beside those that are there.
    func checkPlaces(of refs: [RefName]) throws {
        let names = Set(refs)
        for ref in refs {
            try checkPlace(of: ref)
            if let parent = ref.parents.first(where: { names.contains($0) }) {
                throw placeTaken(ref, by: parent.text)
            }
        }
    }

    /// Checks one ref. A ref is a file, so none can stand where another has a directory, or below another.
    private func checkPlace(of ref: RefName) throws {
        for parent in ref.parents {
            // Below a directory that is not there, nothing is in the way.
            guard let type = try root.status(of: refFile(parent)).map({ $0.st_mode & S_IFMT }) else {
                break
            }
            if type == S_IFDIR { continue }
            guard try commit(of: parent) != nil || isAlias(parent) else { continue }
            throw placeTaken(ref, by: parent.text)
        }
        guard try commit(of: ref) == nil else { return }
        guard let place = try root.directoryIfPresent(refFile(ref)) else { return }
        guard try place.holdsOnlyDirectories() else { throw placeTaken(ref, by: "\(ref)/...") }
    }

    /// Removes the empty directories that deleted refs leave behind, if they stand in a ref's place.
    func clearPlace(of ref: RefName) throws {
        let path = refFile(ref)
        if try root.directoryIfPresent(path) != nil { try root.removeEmptyDirectories(path) }
    }

    private func placeTaken(_ ref: RefName, by other: String) -> RepositoryError {
        RepositoryError(
            .conflict, "ref \(ref) cannot exist beside ref \(other): choose another name or delete that one")
    }
}

extension Directory {
    /// Returns true if there is nothing but directories below.
    fileprivate func holdsOnlyDirectories() throws -> Bool {
        try entries().allSatisfy { entry in
            try directoryIfPresent(entry)?.holdsOnlyDirectories() ?? false
        }
    }
}
