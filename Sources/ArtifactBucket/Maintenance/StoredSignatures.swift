// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// The signatures beside the summary of a bucket, as they were read, and their replacement.
struct StoredSignatures {
    private let store: BucketStore
    private let signers: [Signer]
    private var list: SummarySignatures
    /// The version of their object; nil where there is none.
    private var version: ETag?

    private static func key(in store: BucketStore) -> String { store.client.location.key("summary.sig") }

    /// Reads the signatures. This has to come before the summary is read: see `announce`.
    static func read(in store: BucketStore, for signers: [Signer]) throws -> StoredSignatures {
        let get = S3Operation.get(key(in: store), limit: SummarySignatures.maximumSize, isFresh: true)
        let found = try store.client.run(get, cancellation: store.cancellation).found
        return StoredSignatures(
            store: store, signers: signers, list: SummarySignatures(parsing: found?.bytes ?? []),
            version: found?.attributes.etag)
    }

    /// Begins to look for signatures, for a writer without keys.
    static func look(in store: BucketStore) -> PendingResponse<Lookup<ObjectAttributes>> {
        store.client.start(.head(key(in: store)), cancellation: store.cancellation)
    }

    /// Checks that there are none.
    ///
    /// - Throws: `RepositoryError` with `notAllowed` where the summary is signed.
    static func checkAbsence(
        _ look: PendingResponse<Lookup<ObjectAttributes>>, in store: BucketStore
    ) throws {
        guard try look.value().found != nil else { return }
        throw RepositoryError(
            .notAllowed,
            "the summary of \(store.location) is signed, and no key was named to sign a new one, so it stays as it was: run "
                + "'bst-artifact repo summary --changed' with the key, or push through a receiver that has it"
        )
    }

    /// Puts the signatures of a new summary, beside those of the one that is there, so that readers find a right one before and
    /// after the new one takes its place.
    ///
    /// They replace exactly those that were read before the summary was. Whoever replaces a summary has put its signatures before.
    /// So these are among those that were read, or the condition does not hold: none is lost that is or will be needed.
    ///
    /// - Parameters:
    ///   - summary: the new summary.
    ///   - present: the one that is there; nil where there is none.
    ///   - replaced: its version.
    /// - Returns: false if others were quicker.
    mutating func announce(
        _ summary: Descriptor, over present: FileMapping?, _ replaced: ETag?
    ) throws -> Bool {
        list.reduce(to: present.map(StoredSignatures.digest), replaced)
        guard list.entries.count < SummarySignatures.maximumCount else {
            throw RepositoryError(
                .busy,
                "cannot sign the summary of \(store.location): \(list.entries.count) signers are about to replace it, or have "
                    + "died before they did: if it stays so, remove summary.sig")
        }
        let mapping = try FileMapping(summary)
        let bytes = withExtendedLifetime(mapping) { Array(mapping.bytes) }
        list.add(
            .init(
                summary: Digest(of: bytes).finish(), base: replaced,
                signatures: try signers.map { try $0.signature(of: bytes, calling: "the summary") }))
        return try put()
    }

    /// Leaves the signatures of the summary that is there, and of those that may replace it. Programs that have kept the one
    /// before, which was there beside the same signatures, see by the change that it is old.
    ///
    /// Leaves it to others that are quicker.
    mutating func tidy(beside summary: FileMapping, _ summaryVersion: ETag?) throws {
        let before = list
        list.reduce(to: StoredSignatures.digest(of: summary), summaryVersion)
        if list != before { _ = try put() }
    }

    private static func digest(of summary: FileMapping) -> Checksum {
        withExtendedLifetime(summary) { Digest(of: summary.bytes).finish() }
    }

    private mutating func put() throws -> Bool {
        let written = try store.client.replaceOrRead(
            StoredSignatures.key(in: store), list.serialized(), replacing: version,
            limit: SummarySignatures.maximumSize, cacheControl: "no-cache", cancellation: store.cancellation)
        guard case .written(let version) = written else { return false }
        self.version = version
        return true
    }
}
