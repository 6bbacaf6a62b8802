// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import Variants

/// The commit on the ref `ostree-metadata`, which a repository with a collection ID has: what was added to its summary, in a form
/// that is pulled and verified as other refs are. Its tree is empty.
///
/// `ostree summary -u` makes a new one each time. Since the summary follows each push, this type makes one only where the commit
/// would differ in more than its time.
struct RepositoryMetadata {
    private let repository: Repository
    private let signers: [Signer]

    /// The attempts, since `ostree summary -u` may move the ref meanwhile.
    private static let attempts = 3

    init(_ repository: Repository, signers: [Signer]) {
        self.repository = repository
        self.signers = signers
    }

    /// Makes the ref point to a commit that fits, if the repository has a collection ID.
    func update() throws {
        guard let collection = repository.collection, let ref = Repository.metadataRef else { return }
        for attempt in 1...RepositoryMetadata.attempts {
            do { return try update(ref, boundTo: collection) } catch let error as RepositoryError
                where error.code == .refMoved && attempt < RepositoryMetadata.attempts
            {
                continue
            }
        }
    }

    private func update(_ ref: RefName, boundTo collection: String) throws {
        let entries = try entries(ref, boundTo: collection)
        let current = try repository.commit(of: ref)
        if let current, try fits(current, entries) { return }
        let (tree, treeMetadata) = (RepositoryMetadata.tree, RepositoryMetadata.treeMetadata)
        let bytes = RepositoryMetadata.commit(entries, parent: current, time: UInt64(clamping: time(nil)))
        let commit = ObjectName(Digest(of: bytes).finish(), .commit)
        let signatures = try signers.map { try $0.signature(of: bytes, calling: "the commit of \(ref)") }
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        for (type, object) in [(ObjectType.dirtree, tree), (.dirmeta, treeMetadata), (.commit, bytes)] {
            let name = ObjectName(Digest(of: object).finish(), type)
            guard let incoming = try quarantine.receive(name, size: nil) else { continue }
            try object.withUnsafeBytes(incoming.write)
            try incoming.finish()
        }
        if !signatures.isEmpty {
            try quarantine.setDetachedMetadata(
                DetachedMetadata(signatures: signatures).bytes, of: commit.checksum)
        }
        _ = try quarantine.publish(
            [RefEdit(ref, at: current, to: commit.checksum)], moves: .any, merging: .keepsStored)
    }

    /// The metadata of the commit: what it is bound to, and the entries that were added to the summary.
    private func entries(_ ref: RefName, boundTo collection: String) throws -> [(key: String, value: Variant)]
    {
        let bindings: [(key: String, value: Variant)] = [
            ("ostree.collection-binding", .string(collection)),
            ("ostree.ref-binding", .array(of: "s", [.string(ref.text)])),
        ]
        let additions = try repository.withSummaryMetadata {
            try Variant(parsing: SummaryMetadata.additions(to: repository, in: $0), as: "a{sv}").entries
        }
        return bindings + (additions ?? [])
    }

    /// Returns true if a commit has these entries and an empty tree, and a signature of each kind that is made.
    private func fits(_ commit: Checksum, _ entries: [(key: String, value: Variant)]) throws -> Bool {
        let name = ObjectName(commit, .commit)
        let isSame = try repository.ifIntact {
            try repository.load(name) { bytes in
                let found = try Commit(bytes, name)
                // ostree writes the entries in the order of a hash table.
                let theirs = try Commit.variant(bytes, name)[0].entries
                let made = RepositoryMetadata.commit(theirs, parent: found.parent, time: found.timestamp)
                return made.elementsEqual(bytes)
                    && RepositoryMetadata.sorted(theirs) == RepositoryMetadata.sorted(entries)
            }
        }
        guard isSame == true else { return false }
        let metadata = try repository.detachedMetadata(of: commit)
        return signers.allSatisfy { !metadata.signatures($0.key).isEmpty }
    }

    // MARK: Objects

    /// A directory without entries.
    private static let tree = Variant.tuple([.array(of: "(say)", []), .array(of: "(sayay)", [])]).serialized()

    /// A directory of root's with mode 0755.
    private static let treeMetadata = Variant.tuple([
        .uint32(0), .uint32(0), .uint32(UInt32(0o040_755).bigEndian), .array(of: "(ayay)", []),
    ]).serialized()

    private static func sorted(_ entries: [(key: String, value: Variant)]) -> [UInt8] {
        Variant.dictionary(entries.sorted { $0.key < $1.key }).serialized()
    }

    private static func commit(
        _ entries: [(key: String, value: Variant)], parent: Checksum?, time: UInt64
    ) -> [UInt8] {
        Variant.tuple([
            .dictionary(entries), .bytes(parent?.bytes ?? []), .array(of: "(say)", []), .string(""),
            .string(""), .uint64(time.bigEndian), .bytes(Digest(of: tree).finish().bytes),
            .bytes(Digest(of: treeMetadata).finish().bytes),
        ]).serialized()
    }
}

extension Repository {
    /// The ref of the commit with a repository's metadata, `ostree-metadata`, which each repository with a collection ID makes
    /// for itself.
    public static let metadataRef = RefName("ostree-metadata")
}
