// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import Variants

/// A policy that accepts only signed commits.
///
/// Before anything becomes visible, it verifies the commits that refs are to point to, even if the store has them;
/// their ancestors that the store lacks; and every other commit that was received or gets detached metadata. It reads
/// the signatures from the detached metadata that readers will find, where those of the store and those that came later are
/// united. A push adds no other signatures than good ones to a commit that the store has. A commit that is bound to refs or a collection
/// must match the ref that is to point to it, or a signature for one ref would be valid for all.
public struct SignedCommits: ReceivePolicy {
    private let store: any ArtifactStore
    private let verifiers: [any SignatureVerifier]
    private let bindings: CommitBindings.Rule
    private let merging: MetadataMerge
    /// The received commits and detached metadata.
    private var received: Set<ObjectName> = []
    /// The commits that become visible without a ref.
    private var commits: [Checksum] = []

    /// Creates a policy for a store.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - verifiers: The verifiers, each of which must accept each commit.
    ///   - bindings: The bindings that commits must have besides those to refs.
    ///   - merging: The rule by which detached metadata in the store will be merged with what is received.
    public init(
        _ store: any ArtifactStore, verifiers: [any SignatureVerifier],
        bindings: CommitBindings.Rule = CommitBindings.Rule(), merging: MetadataMerge = .keepsStored
    ) {
        (self.store, self.verifiers, self.bindings) = (store, verifiers, bindings)
        self.merging = merging
    }

    /// Records received commits and detached metadata.
    public mutating func admit(_ object: ObjectName, size: UInt64?) {
        if object.type == .commit || object.type == .commitmeta { received.insert(object) }
    }

    /// Records a commit.
    public mutating func note(_ commit: Checksum) { commits.append(commit) }

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
        for commit in commits { try verify(commit, calling: "that was asked for") }
        for commit in try received.filter(isPublished).map(\.checksum).sorted() {
            try verify(commit, calling: "among the objects sent")
        }
    }

    private func checkBindings(_ commit: Checksum, of ref: RefName, in quarantine: any Quarantine) throws {
        let name = ObjectName(commit, .commit)
        // Not nil: its signature has been verified.
        let found = try quarantine.metadata(name)?.withUnsafeBytes { try CommitBindings($0, name) }
        guard let objection = found?.objection(to: ref.text, bindings) else { return }
        throw RepositoryError(.badSignature, "commit \(commit) of ref \(ref) is refused: \(objection)")
    }

    /// The ancestors that become visible with a commit: the received ones, up to the first that the store has.
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

    /// Returns true if readers will find the received object, rather than the store's.
    private func isPublished(_ name: ObjectName) throws -> Bool {
        try !store.contains(name) || name.type == .commitmeta
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
            if case .keepsStored = merging { try verifyAdditions(to: commit, bytes, in: quarantine) }
        } catch let objection as SignatureObjection {
            throw RepositoryError(.badSignature, "commit \(commit) \(role) is refused: \(objection)")
        }
    }

    /// Verifies each signature that is added to a commit which the store has: worthless ones would take the place of later ones.
    private func verifyAdditions(
        to commit: Checksum, _ bytes: [UInt8], in quarantine: any Quarantine
    ) throws {
        let name = ObjectName(commit, .commitmeta)
        guard try quarantine.holds(name), try store.contains(ObjectName(commit, .commit)),
            let received = try quarantine.metadata(name).map({ try DetachedMetadata($0, of: commit) })
        else { return }
        let stored = try? store.detachedMetadata(of: commit)
        for verifier in verifiers {
            let known = Set(stored?.signatures(verifier.key) ?? [])
            for signature in received.signatures(verifier.key) where !known.contains(signature) {
                let alone = DetachedMetadata(signatures: [(verifier.key, signature)]).bytes
                do { try verifier.verify(bytes, variant(alone)) } catch let objection as SignatureObjection {
                    throw SignatureObjection("a signature that came later does not count: \(objection)")
                }
            }
        }
    }

    /// The detached metadata that readers will find.
    private func detachedMetadata(of commit: Checksum, in quarantine: any Quarantine) throws -> Variant? {
        let name = ObjectName(commit, .commitmeta)
        let received = try quarantine.holds(name) ? quarantine.metadata(name) : nil
        guard let stored = try store.metadata(name) else { return try received.map(variant) }
        return try variant(received.map { try merging.merged(stored, $0, of: commit) } ?? stored)
    }

    private func variant(_ bytes: [UInt8]) throws(SignatureObjection) -> Variant {
        guard let variant = try? Variant(parsing: bytes, as: "a{sv}") else {
            throw SignatureObjection("its detached metadata is not well formed, so have it signed anew")
        }
        return variant
    }
}

extension Repository {
    /// Creates the policy that accepts only signed commits; nil if no file is given.
    ///
    /// - Parameters:
    ///   - keyring: The path of a keyring with whose keys commits must be GPG-signed; nil to require no such signature.
    ///   - keys: The path of ed25519 public keys with which commits must be signed; nil to require no such signature.
    ///   - bindings: The bindings that commits must have besides those to refs.
    ///   - merging: The rule by which detached metadata in the store will be merged with what is received.
    /// - Throws: `RepositoryError` or `SystemError` if a file cannot be used.
    public func signaturePolicy(
        gpgKeyring keyring: String?, ed25519Keys keys: String?,
        bindings: CommitBindings.Rule = CommitBindings.Rule(), merging: MetadataMerge = .keepsStored
    ) throws -> SignedCommits? {
        try SignedCommits.policy(
            of: self, gpgKeyring: keyring, ed25519Keys: keys, temporaryDirectory: "\(path)/tmp",
            bindings: bindings, merging: merging)
    }
}

extension SignedCommits {
    /// Creates the policy of a store that accepts only signed commits; nil if no file is given.
    ///
    /// - Parameter directory: a directory for what gpgv reads.
    /// - Throws: `RepositoryError` or `SystemError` if a file cannot be used.
    package static func policy(
        of store: any ArtifactStore, gpgKeyring keyring: String?, ed25519Keys keys: String?,
        temporaryDirectory directory: String, bindings: CommitBindings.Rule = CommitBindings.Rule(),
        merging: MetadataMerge = .keepsStored
    ) throws -> SignedCommits? {
        var verifiers: [any SignatureVerifier] = []
        if let keyring {
            verifiers.append(try GPGVerifier(keyring: keyring, temporaryDirectory: directory))
        }
        if let keys { verifiers.append(try Ed25519Verifier(keys: keys)) }
        guard !verifiers.isEmpty else { return nil }
        return SignedCommits(store, verifiers: verifiers, bindings: bindings, merging: merging)
    }
}
