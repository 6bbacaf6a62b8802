// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The rule for detached metadata that arrives for a commit which the store has detached metadata for.
///
/// Signatures are united in any case: neither side's get lost.
public enum MetadataMerge: Sendable {
    /// Other values stay as the store has them, and more signatures than are kept are refused: pushes add.
    case keepsStored
    /// Other values become those that arrive, and where both sides' signatures are too many, those that arrive count: a pull
    /// follows its remote.
    case followsReceived

    /// Returns the metadata to keep.
    ///
    /// - Parameters:
    ///   - stored: the bytes that the store has. If they cannot be read, those that arrive take their place.
    ///   - received: the bytes that arrive.
    ///   - commit: the commit.
    /// - Throws: `RepositoryError` with `notAllowed` if there would be too much, with `badObject` if what arrives is not well
    ///   formed.
    package func merged(
        _ stored: [UInt8], _ received: [UInt8], of commit: Checksum
    ) throws(RepositoryError) -> [UInt8] {
        let new = try DetachedMetadata(received, of: commit)
        guard stored != received, let old = try? DetachedMetadata(stored, of: commit) else { return received }
        switch self {
        case .keepsStored:
            // Compared by items, so that equal content is not written again in another order.
            guard !new.items.isSubset(of: old.items) else { return stored }
            var merged = old
            merged.merge(new)
            guard let excess = merged.excess else { return merged.bytes }
            throw RepositoryError(
                .notAllowed,
                "commit \(commit) \(excess), so nothing is added: push without the signatures that are not needed, or ask "
                    + "the cache's administrator to remove some")
        case .followsReceived:
            var merged = new
            merged.merge(old)
            return merged.excess == nil ? merged.bytes : received
        }
    }
}

/// The parts of detached metadata that were added to a commit which was there before.
public struct MetadataAddition: Sendable, Equatable {
    /// The number of signatures.
    public var signatures: Int
    /// The number of other entries.
    public var otherEntries: Int

    /// Counts the items of `metadata` whose digests are not among `present`; nil if there are none.
    package init?(_ metadata: DetachedMetadata, besides present: Set<Checksum>) {
        let items = metadata.items.filter { !present.contains($0.digest) }
        guard !items.isEmpty else { return nil }
        signatures = items.count { $0.isSignature }
        otherEntries = items.count - signatures
    }
}
