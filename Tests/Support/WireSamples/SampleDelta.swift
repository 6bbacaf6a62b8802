// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import Variants

/// A static delta of which every field can be wrong.
package struct SampleDelta: Sendable {
    /// Owners and modes.
    package var modes: [UInt32] = [0o100644, 0o120777]
    package var data: [UInt8] = []
    package var operations: [UInt8] = []
    /// The bytes of the only part; nil for those that belong to the rest.
    package var part: [UInt8]?
    package var objects: [ObjectName] = []
    /// The bytes of the list of objects; nil for the right ones.
    package var listedObjects: [UInt8]?
    package var version: UInt32 = 0
    /// The stated size of the part; nil for the right one.
    package var size: UInt64?
    package var contentSize: UInt64 = 1 << 20
    package var checksum: [UInt8]?
    package var isInline = true
    /// The commit that it leads to.
    package let commit = SampleCommit()

    /// A number in operations.
    package static func number(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        repeat {
            bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }

    package var payload: [UInt8] {
        let modes = modes.map { mode in Variant.tuple([.uint32(0), .uint32(0), .uint32(mode.bigEndian)]) }
        return Variant.tuple([
            .array(of: "(uuu)", modes), .array(of: "a(ayay)", [.array(of: "(ayay)", [])]), .bytes(data),
            .bytes(operations),
        ]).serialized()
    }

    private var partBytes: [UInt8] { part ?? [0] + payload }

    private func listed() -> [UInt8] {
        objects.flatMap { name -> [UInt8] in
            let type: UInt8 =
                switch name.type {
                case .file: 1
                case .dirtree: 2
                case .dirmeta: 3
                case .commit: 4
                case .commitmeta: 6
                }
            return [type] + name.checksum.bytes
        }
    }

    /// The directory of the delta, below a repository: the commit in 43 digits of base64.
    package var path: String {
        let digits = Data(commit.checksum.bytes).base64EncodedString().dropLast().map { $0 == "/" ? "_" : $0 }
        return "deltas/\(String(digits.prefix(2)))/\(String(digits.dropFirst(2)))"
    }

    package init() {}

    /// The superblock.
    package func superblock() throws -> [UInt8] {
        var metadata: [(key: String, value: Variant)] = [("ostree.endianness", try byte(UInt8(ascii: "l")))]
        if isInline {
            metadata.append(("\(path)/0", try Variant(parsing: partBytes, as: "(yay)")))
        }
        let part = Variant.tuple([
            .uint32(version), .bytes(checksum ?? sha256(partBytes).bytes),
            .uint64(size ?? UInt64(partBytes.count)), .uint64(contentSize), .bytes(listedObjects ?? listed()),
        ])
        return Variant.tuple([
            .dictionary(metadata), .uint64(0), .bytes([]), .bytes(commit.checksum.bytes),
            try Variant(parsing: commit.commit.bytes, as: "(a{sv}aya(say)sstayay)"), .bytes([]),
            .array(of: "(uayttay)", [part]), .array(of: "(yaytt)", []),
        ]).serialized()
    }

    private func byte(_ value: UInt8) throws -> Variant { try Variant(parsing: [value], as: "y") }
}
