// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import Variants

/// A repository's summary: a list of its refs and their commits in one file, `(a(s(taya{sv}))a{sv})` in OSTree.
public struct Summary {
    /// One ref of a summary.
    public struct Entry: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// The commit that it points to.
        public var commit: Checksum
        /// The size of the commit object, in bytes.
        public var commitSize: UInt64
        /// The commit's time in seconds since 1970; nil if the summary does not have it.
        public var timestamp: UInt64?

        /// Describes a ref.
        public init(ref: RefName, commit: Checksum, commitSize: UInt64, timestamp: UInt64? = nil) {
            (self.ref, self.commit) = (ref, commit)
            (self.commitSize, self.timestamp) = (commitSize, timestamp)
        }
    }

    private let refs: Variant
    private let metadata: Variant
    /// All of it, `(a(s(taya{sv}))a{sv})`.
    let whole: Variant

    /// Maps a summary file of any size into memory.
    ///
    /// - Throws: `RepositoryError` if the file is no summary, `VariantError` if it cannot be mapped.
    public init(mapping file: Descriptor) throws {
        let variant = try Variant(mapping: file.number, as: "(a(s(taya{sv}))a{sv})")
        guard try file.status().st_size > 0, variant.isNormalForm else {
            throw RepositoryError(.badObject, "what was read is no summary of an OSTree repository")
        }
        (whole, refs, metadata) = (variant, variant[0], variant[1])
    }

    /// Visits the refs in the order of the file, which is sorted by name. Skips entries without a valid name or commit.
    public func forEach(_ visit: (Entry) throws -> Void) rethrows {
        try Summary.forEach(in: refs, visit)
    }

    /// The collection of the repository's own refs, if it has one.
    public var collection: String? {
        metadata.entry("ostree.summary.collection-id")?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The collections whose refs the repository mirrors, besides its own.
    public var mirroredCollections: [String] {
        guard let map = collectionMap else { return [] }
        return (0..<map.count).compactMap { map[$0][0].string }
    }

    /// Visits the refs that are mirrored for a collection.
    public func forEach(ofCollection collection: String, _ visit: (Entry) throws -> Void) rethrows {
        guard let map = collectionMap else { return }
        for index in 0..<map.count where map[index][0].string == collection {
            try Summary.forEach(in: map[index][1], visit)
        }
    }

    private var collectionMap: Variant? {
        guard let map = metadata.entry("ostree.summary.collection-map"),
            map.typeString == "a{sa(s(taya{sv}))}"
        else { return nil }
        return map
    }

    private static func forEach(in refs: Variant, _ visit: (Entry) throws -> Void) rethrows {
        for index in 0..<refs.count {
            let entry = refs[index]
            let details = entry[1]
            guard let ref = RefName(entry[0].string ?? ""),
                let commit = details[1].withBytes({ Checksum(bytes: $0) }) ?? nil
            else { continue }
            try visit(
                Entry(
                    // Unlike times, sizes have the byte order of the machine that wrote the summary: little-endian.
                    ref: ref, commit: commit, commitSize: UInt64(littleEndian: details[0].uint64 ?? 0),
                    timestamp: details[2].entry("ostree.commit.timestamp")?.uint64?.bigEndian))
        }
    }
}
