// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import Variants

/// A repository's summary: what it has, in one file, `(a(s(taya{sv}))a{sv})` in OSTree.
public struct Summary {
    /// One ref of a summary.
    public struct Entry: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// The commit that it points to.
        public var commit: Checksum
        /// The size of the commit object, in bytes.
        public var commitSize: UInt64
        /// When the commit was made, in seconds since 1970, where the summary says so.
        public var timestamp: UInt64?
    }

    private let refs: Variant

    /// Opens a summary without loading it, however large it is.
    ///
    /// - Throws: `RepositoryError` where the file holds no summary, `VariantError` where it cannot be mapped.
    public init(mapping file: Descriptor) throws {
        let variant = try Variant(mapping: file.number, as: "(a(s(taya{sv}))a{sv})")
        guard try file.status().st_size > 0, variant.isNormalForm else {
            throw RepositoryError(.badObject, "what was read is no summary of an OSTree repository")
        }
        refs = variant[0]
    }

    /// Visits the refs in the order of the file, which is sorted by name. What is no ref of this repository is left out.
    public func forEach(_ visit: (Entry) throws -> Void) rethrows {
        for index in 0..<refs.count {
            let entry = refs[index]
            let details = entry[1]
            guard let ref = RefName(entry[0].string ?? ""),
                let commit = details[1].withBytes({ Checksum(bytes: $0) }) ?? nil
            else { continue }
            try visit(
                Entry(
                    // Unlike the times, sizes are in the order of the machine that wrote the summary: little-endian.
                    ref: ref, commit: commit, commitSize: UInt64(littleEndian: details[0].uint64 ?? 0),
                    timestamp: details[2].entry("ostree.commit.timestamp")?.uint64?.bigEndian))
        }
    }
}
