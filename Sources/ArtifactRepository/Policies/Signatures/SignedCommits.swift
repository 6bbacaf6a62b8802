// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import Variants

/// Takes only commits that are signed as the cache's owner wants it.
///
/// Verified are, before anything becomes visible: the commits that refs are to point to, also if the store has them
/// already; their ancestors that the store lacks; every other commit that was received, and every one that gets
/// detached metadata. The detached metadata that counts is the one that readers will find. A commit that says which refs
/// and collection it was made for must fit the ref that is to point to it, or a signature for one ref would do for all.
public struct SignedCommits: ReceivePolicy {
    private let store: any ArtifactStore
    private let verifiers: [any SignatureVerifier]
    private let bindings: CommitBindings.Rule
    private let replacesDetachedMetadata: Bool
    /// The commits, and the detached metadata, that came.
    private var received: Set<ObjectName> = []

    /// Protects a store.
    ///
    /// - Parameters:
    ///   - store: the store.
    ///   - verifiers: all of them must be content with each commit.
    ///   - bindings: the bindings that commits must have in addition to their refs.
    ///   - replacesDetachedMetadata: true if detached metadata that the store has is replaced, as a pull does.
    public init(
        _ store: any ArtifactStore, verifiers: [any SignatureVerifier],
        bindings: CommitBindings.Rule = CommitBindings.Rule(), replacesDetachedMetadata: Bool = false
    ) {
        (self.store, self.verifiers, self.bindings) = (store, verifiers, bindings)
        self.replacesDetachedMetadata = replacesDetachedMetadata
    }

    /// Notes commits and detached metadata.
    public mutating func admit(_ object: ObjectName, size: UInt64?) {
        if object.type == .commit || object.type == .commitmeta { received.insert(object) }
    }

    /// Verifies all commits that become visible.
    ///
    /// - Throws: `RepositoryError` with `badSignature` or `missingObject`.
    public func willPublish(_ edits: [RefEdit], from quarantine: (any Quarantine)?) throws {
        guard let quarantine else { return }
        var verified: Set<Checksum> = []
        func verify(_ commit: Checksum, calling role: String) throws {
            guard verified.insert(commit).inserted else { return }
            try self.verify(commit, calling: role, in: quarantine)
        }
        for edit in edits {
            guard let new = edit.new else { continue }
            try verify(new, calling: "of ref \(edit.ref)")
            try checkBindings(new, of: edit.ref, in: quarantine)
            for ancestor in try newAncestors(of: new, in: quarantine) {
                try verify(ancestor, calling: "in the history of ref \(edit.ref)")
            }
        }
        for commit in try received.filter(isPublished).map(\.checksum).sorted() {
            try verify(commit, calling: "among the objects sent")
        }
    }

    private func checkBindings(_ commit: Checksum, of ref: RefName, in quarantine: any Quarantine) throws {
        let name = ObjectName(commit, .commit)
        // Its signature was found good, so it is there.
        let found = try quarantine.metadata(name)?.withUnsafeBytes { try CommitBindings($0, name) }
        guard let objection = found?.objection(to: ref.text, bindings) else { return }
        throw RepositoryError(.badSignature, "commit \(commit) of ref \(ref) is refused: \(objection)")
    }

    /// The ancestors that become visible with a commit: those that were received, as far back as the first in the store.
    private func newAncestors(of commit: Checksum, in quarantine: any Quarantine) throws -> [Checksum] {
        var ancestors: [Checksum] = []
        var next = try quarantine.parent(of: commit)
        while let ancestor = next, try !store.contains(ObjectName(ancestor, .commit)),
            try quarantine.contains(ObjectName(ancestor, .commit))
        {
            ancestors.append(ancestor)
            next = try quarantine.parent(of: ancestor)
        }
        return ancestors
    }

    /// Returns true if readers will find what was received, rather than what the store has.
    private func isPublished(_ name: ObjectName) throws -> Bool {
        try !store.contains(name) || name.type == .commitmeta && replacesDetachedMetadata
    }

    private func verify(_ commit: Checksum, calling role: String, in quarantine: any Quarantine) throws {
        guard let bytes = try quarantine.metadata(ObjectName(commit, .commit)) else {
            throw RepositoryError(
                .missingObject,
                "commit \(commit) \(role) was neither sent nor is it in the repository, so its signatures cannot be verified: "
                    + "push again, from a complete repository")
        }
        do {
            let detached = try detachedMetadata(of: commit, in: quarantine)
            for verifier in verifiers { try verifier.verify(bytes, detached) }
        } catch let objection as SignatureObjection {
            throw RepositoryError(.badSignature, "commit \(commit) \(role) is refused: \(objection)")
        }
    }

    /// The detached metadata that readers will find: the store's stays, unless it is replaced.
    private func detachedMetadata(of commit: Checksum, in quarantine: any Quarantine) throws -> Variant? {
        let name = ObjectName(commit, .commitmeta)
        let kept = replacesDetachedMetadata ? nil : try store.metadata(name)
        guard let bytes = try kept ?? quarantine.metadata(name) else { return nil }
        guard let variant = try? Variant(parsing: bytes, as: "a{sv}") else {
            throw SignatureObjection("its detached metadata is not well formed, so have it signed anew")
        }
        return variant
    }
}

extension Repository {
    /// The policy that takes only signed commits; nil if no file is given.
    ///
    /// - Parameters:
    ///   - keyring: a keyring, of which each commit must have a GPG signature; nil if none is needed.
    ///   - keys: a file of ed25519 public keys, one of which must have signed each commit; nil if none is needed.
    ///   - bindings: the bindings that commits must have in addition to their refs.
    ///   - replacesDetachedMetadata: true if detached metadata that the store has is replaced, as a pull does.
    /// - Throws: `RepositoryError` or `SystemError` if a file cannot be used.
    public func signaturePolicy(
        gpgKeyring keyring: String?, ed25519Keys keys: String?,
        bindings: CommitBindings.Rule = CommitBindings.Rule(), replacesDetachedMetadata: Bool = false
    ) throws -> SignedCommits? {
        var verifiers: [any SignatureVerifier] = []
        if let keyring {
            verifiers.append(try GPGVerifier(keyring: keyring, temporaryFolder: "\(path)/tmp"))
        }
        if let keys { verifiers.append(try Ed25519Verifier(keys: keys)) }
        guard !verifiers.isEmpty else { return nil }
        return SignedCommits(
            self, verifiers: verifiers, bindings: bindings, replacesDetachedMetadata: replacesDetachedMetadata
        )
    }
}
