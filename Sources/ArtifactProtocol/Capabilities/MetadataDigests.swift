// SPDX-License-Identifier: Apache-2.0

import Variants

/// The value of `metadata` in a receiver's `info`, `a(ayay)`: commits, each with the digests of the items of its detached metadata
/// one after the other.
enum MetadataDigests {
    static func parse(_ value: Variant?) throws(ProtocolError) -> [Checksum: Set<Checksum>] {
        guard let value else { return [:] }
        guard value.typeString == "a(ayay)" else {
            throw ProtocolError(
                .malformed,
                "the peer's info has metadata of type \(value.typeString.forDisplay(limit: 40)), not a(ayay)")
        }
        var found: [Checksum: Set<Checksum>] = [:]
        for index in 0..<value.count {
            let commit = value[index][0].withBytes { Checksum(bytes: $0) } ?? nil
            guard let commit, let digests = value[index][1].withBytes(checksums) ?? nil else {
                throw ProtocolError(
                    .malformed, "the peer's info has a checksum of another size than 32 bytes in its metadata"
                )
            }
            found[commit] = digests
        }
        return found
    }

    private static func checksums(_ bytes: UnsafeRawBufferPointer) -> Set<Checksum>? {
        guard bytes.count % Checksum.byteCount == 0 else { return nil }
        let starts = stride(from: 0, to: bytes.count, by: Checksum.byteCount)
        return Set(
            starts.compactMap {
                Checksum(bytes: UnsafeRawBufferPointer(rebasing: bytes[$0..<$0 + Checksum.byteCount]))
            })
    }

    static func value(_ digests: [Checksum: Set<Checksum>]) -> Variant {
        .array(
            of: "(ayay)",
            digests.sorted { $0.key < $1.key }.map { commit, items in
                .tuple([.bytes(commit.bytes), .bytes(items.sorted().flatMap(\.bytes))])
            })
    }
}
