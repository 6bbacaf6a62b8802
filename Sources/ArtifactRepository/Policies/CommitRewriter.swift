// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The last step before a publication: puts commits on top of what the store has, and signs them.
///
/// Policies see commits as they came, whose signatures are their makers'. Readers see what this makes of them.
public struct CommitRewriter: Sendable {
    /// The commits that get a new parent.
    public enum Scope: Sendable {
        /// None.
        case none
        /// Those that do not descend from the commit of their ref, unless they have the content of that.
        case unrelated
        /// All.
        case all
    }

    /// The commits that get a new parent: the commit of their ref, or none where there is no ref.
    public var reparents = Scope.none
    /// The keys that sign new commits.
    public var signers: [Signer] = []
    /// The collection that rewritten commits are bound to.
    public var collection: String?

    /// Creates one that changes nothing.
    public init() {}

    /// Returns the edits to make in place of those that were asked for.
    ///
    /// - Parameters:
    ///   - edits: the edits, whose objects are in the quarantine or in the store.
    ///   - moves: the moves of existing refs that are allowed.
    ///   - quarantine: the place that new objects are written to.
    ///   - store: the store, as it is now; an edit fails if its ref moves before it is made.
    ///   - ancestors: other commits that become visible, which are signed, too.
    /// - Throws: `RepositoryError` if a commit cannot be read or signed.
    public func finalEdits(
        _ edits: [RefEdit], moves: RefMovePolicy, in quarantine: any Quarantine, of store: any ArtifactStore,
        signing ancestors: [Checksum] = []
    ) throws -> [RefEdit] {
        let final = try edits.map { edit in
            let current = try store.commit(of: edit.ref)
            guard let new = edit.new,
                try edit.result(at: current, moves: moves).outcome == .moved,
                try isReparented(new, onto: current, in: quarantine)
            else { return edit }
            return RefEdit(
                edit.ref, at: current, to: try reparent(new, onto: current, for: edit.ref, in: quarantine))
        }
        if !signers.isEmpty {
            var signed: Set<Checksum> = []
            for commit in final.compactMap(\.new) + ancestors {
                try signNewCommits(commit, in: quarantine, of: store, &signed)
            }
        }
        return final
    }

    private func isReparented(
        _ new: Checksum, onto current: Checksum?, in quarantine: any Quarantine
    ) throws -> Bool {
        switch reparents {
        case .none: return false
        case .all: return true
        case .unrelated:
            guard let current else { return false }
            var next: Checksum? = new
            while let commit = next, commit != current { next = try quarantine.parent(of: commit) }
            return next == nil
        }
    }

    /// Returns a commit with the content of `new` below `current`; that one itself if it has this content.
    private func reparent(
        _ new: Checksum, onto current: Checksum?, for ref: RefName, in quarantine: any Quarantine
    ) throws -> Checksum {
        let name = ObjectName(new, .commit)
        guard let bytes = try quarantine.metadata(name) else {
            throw RepositoryError(
                .missingObject,
                "commit \(new) of ref \(ref) was neither sent nor is it in the repository: push again, from a complete "
                    + "repository")
        }
        if case .unrelated = reparents, let current, let old = try quarantine.commit(current),
            try quarantine.commit(new)?.hasContent(of: old) == true
        {
            return current
        }
        let rewritten = try bytes.withUnsafeBytes {
            try Commit.reparented($0, name, onto: current, for: ref, collection: collection)
        }
        let object = ObjectName(Digest(of: rewritten).finish(), .commit)
        if try !quarantine.contains(object), let incoming = try quarantine.receive(object, size: nil) {
            try rewritten.withUnsafeBytes(incoming.write)
            try incoming.finish()
        }
        return object.checksum
    }

    /// Signs a commit, and those of its ancestors that the store lacks.
    private func signNewCommits(
        _ tip: Checksum, in quarantine: any Quarantine, of store: any ArtifactStore,
        _ signed: inout Set<Checksum>
    ) throws {
        var next: Checksum? = tip
        while let commit = next, signed.insert(commit).inserted,
            try !store.contains(ObjectName(commit, .commit)),
            let bytes = try quarantine.metadata(ObjectName(commit, .commit))
        {
            let signatures = try signers.map { try $0.signature(of: bytes, calling: "commit \(commit)") }
            var metadata = try DetachedMetadata(
                quarantine.metadata(ObjectName(commit, .commitmeta)), of: commit)
            metadata.merge(DetachedMetadata(signatures: signatures))
            try quarantine.setDetachedMetadata(metadata.bytes, of: commit)
            next = try quarantine.parent(of: commit)
        }
    }
}

extension Commit {
    /// Returns true if two commits have the same tree with the same owner, mode and attributes.
    public func hasContent(of other: Commit) -> Bool {
        tree == other.tree && treeMetadata == other.treeMetadata
    }
}
