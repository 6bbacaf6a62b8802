// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import Variants

/// A store that takes only commits which are signed as its owner wants it.
///
/// Verified are, before anything becomes visible: the commits that refs are to point to, also where the store has them
/// already; their ancestors that the store does not have; every other commit that was received, and every one that gets
/// detached metadata. The detached metadata that counts is the one that readers will find. A commit that says which refs
/// and collection it was made for must fit the ref that is to point to it, or a signature for one ref would do for all.
public final class SignedCommits: StoreDecorator {
    /// The store behind.
    public let inner: any ArtifactStore
    private let verifiers: [any SignatureVerifier]
    private let bindings: CommitBindings.Rule

    /// Protects `inner`.
    ///
    /// - Parameters:
    ///   - inner: the store behind.
    ///   - verifiers: all of them must be content with each commit.
    ///   - bindings: what commits must fit in addition to their refs.
    public init(
        _ inner: any ArtifactStore, verifiers: [any SignatureVerifier],
        bindings: CommitBindings.Rule = CommitBindings.Rule()
    ) {
        self.inner = inner
        self.verifiers = verifiers
        self.bindings = bindings
    }

    /// Makes a place for new objects that publishes only signed commits.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        SignedQuarantine(try inner.makeQuarantine(purpose), of: inner, verifiers, bindings)
    }
}

extension Repository {
    /// The repository, wrapped so that it takes only signed commits where one of the files is given.
    ///
    /// - Parameters:
    ///   - store: what is wrapped, where that is the repository behind other layers.
    ///   - keyring: a keyring, of which each commit must have a GPG signature; nil where none is needed.
    ///   - keys: a file of ed25519 public keys, one of which must have signed each commit; nil where none is needed.
    ///   - bindings: what commits that must be signed must fit in addition to their refs.
    /// - Throws: `RepositoryError` or `SystemError` where a file cannot be used.
    public func requiringSignatures(
        gpgKeyring keyring: String?, ed25519Keys keys: String?, of store: (any ArtifactStore)? = nil,
        bindings: CommitBindings.Rule = CommitBindings.Rule()
    ) throws -> any ArtifactStore {
        var verifiers: [any SignatureVerifier] = []
        if let keyring {
            verifiers.append(try GPGVerifier(keyring: keyring, temporaryFolder: "\(path)/tmp"))
        }
        if let keys { verifiers.append(try Ed25519Verifier(keys: keys)) }
        let store = store ?? self
        return verifiers.isEmpty ? store : SignedCommits(store, verifiers: verifiers, bindings: bindings)
    }
}

private final class SignedQuarantine: QuarantineDecorator {
    let inner: any Quarantine
    private let store: any ArtifactStore
    private let verifiers: [any SignatureVerifier]
    private let bindings: CommitBindings.Rule
    /// The commits, and the detached metadata, that came.
    private var received: Set<ObjectName> = []

    init(
        _ inner: any Quarantine, of store: any ArtifactStore, _ verifiers: [any SignatureVerifier],
        _ bindings: CommitBindings.Rule
    ) {
        self.inner = inner
        self.store = store
        self.verifiers = verifiers
        self.bindings = bindings
    }

    func receive(_ name: ObjectName, size: UInt64?) throws -> (any IncomingObject)? {
        let object = try inner.receive(name, size: size)
        if object != nil, name.type == .commit || name.type == .commitmeta { received.insert(name) }
        return object
    }

    func publish(_ changes: [RefChange], replaceDetachedMetadata: Bool) throws -> [RefOutcome] {
        var verified: Set<Checksum> = []
        func verify(_ commit: Checksum, calling role: String) throws {
            guard verified.insert(commit).inserted else { return }
            try self.verify(commit, calling: role, replaceDetachedMetadata)
        }
        for change in changes {
            try verify(change.new, calling: "of ref \(change.ref)")
            try checkBindings(change)
            for ancestor in try newAncestors(of: change.new) {
                try verify(ancestor, calling: "in the history of ref \(change.ref)")
            }
        }
        let published = try received.filter { try isPublished($0, replaceDetachedMetadata) }
        for commit in published.map(\.checksum).sorted() {
            try verify(commit, calling: "among the objects sent")
        }
        return try inner.publish(changes, replaceDetachedMetadata: replaceDetachedMetadata)
    }

    private func checkBindings(_ change: RefChange) throws {
        let name = ObjectName(change.new, .commit)
        // Its signature was found good, so it is there.
        let found = try metadata(name)?.withUnsafeBytes { try CommitBindings($0, name) }
        guard let objection = found?.objection(to: change.ref.text, bindings) else { return }
        throw RepositoryError(
            .badSignature, "commit \(change.new) of ref \(change.ref) is refused: \(objection)")
    }

    /// The ancestors that become visible with a commit: those that are here, as far back as the first in the store.
    private func newAncestors(of commit: Checksum) throws -> [Checksum] {
        var ancestors: [Checksum] = []
        var next = try parent(of: commit)
        while let ancestor = next, try !store.contains(ObjectName(ancestor, .commit)),
            try contains(ObjectName(ancestor, .commit))
        {
            ancestors.append(ancestor)
            next = try parent(of: ancestor)
        }
        return ancestors
    }

    private func parent(of commit: Checksum) throws -> Checksum? {
        let name = ObjectName(commit, .commit)
        return try metadata(name)?.withUnsafeBytes { try Commit($0, name) }.parent
    }

    /// Whether readers will find what was received, rather than what the store has.
    private func isPublished(_ name: ObjectName, _ replaceDetachedMetadata: Bool) throws -> Bool {
        try !store.contains(name) || name.type == .commitmeta && replaceDetachedMetadata
    }

    private func verify(_ commit: Checksum, calling role: String, _ replaceDetachedMetadata: Bool) throws {
        guard let bytes = try metadata(ObjectName(commit, .commit)) else {
            throw RepositoryError(
                .missingObject,
                "commit \(commit) \(role) was neither sent nor is it in the repository, so its signatures cannot be verified: "
                    + "push again, from a complete repository")
        }
        do {
            let detached = try detachedMetadata(of: commit, replaceDetachedMetadata)
            for verifier in verifiers { try verifier.verify(bytes, detached) }
        } catch let objection as SignatureObjection {
            throw RepositoryError(.badSignature, "commit \(commit) \(role) is refused: \(objection)")
        }
    }

    /// What readers will find: what the store has stays, unless it is replaced.
    private func detachedMetadata(of commit: Checksum, _ isReplaced: Bool) throws -> Variant? {
        let name = ObjectName(commit, .commitmeta)
        let kept = isReplaced ? nil : try store.metadata(name)
        guard let bytes = try kept ?? metadata(name) else { return nil }
        guard let variant = try? Variant(parsing: bytes, as: "a{sv}") else {
            throw SignatureObjection("its detached metadata is not well formed, so have it signed anew")
        }
        return variant
    }
}
