// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TestSupport
import Variants
import WireSamples

@testable import ArtifactRepository

/// A static delta of which every field can be wrong.
struct MadeDelta {
    /// Owners and modes.
    var modes: [UInt32] = [0o100644, 0o120777]
    var data: [UInt8] = []
    var operations: [UInt8] = []
    /// The bytes of the only part; nil for those that belong to the rest.
    var part: [UInt8]?
    var objects: [ObjectName] = []
    /// The bytes of the list of objects; nil for the right ones.
    var listedObjects: [UInt8]?
    var version: UInt32 = 0
    /// The stated size of the part; nil for the right one.
    var size: UInt64?
    var contentSize: UInt64 = 1 << 20
    var checksum: [UInt8]?
    var isInline = true
    let commit = SampleCommit()

    /// A number in operations.
    static func number(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        repeat {
            bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }

    /// An operation: its letter, then its numbers.
    static func operation(_ letter: Character, _ numbers: UInt64...) -> [UInt8] {
        (letter.asciiValue.map { [$0] } ?? []) + numbers.flatMap(number)
    }

    var payload: [UInt8] {
        let modes = modes.map { mode in Variant.tuple([.uint32(0), .uint32(0), .uint32(mode.bigEndian)]) }
        return Variant.tuple([
            .array(of: "(uuu)", modes), .array(of: "a(ayay)", [.array(of: "(ayay)", [])]), .bytes(data),
            .bytes(operations),
        ]).serialized()
    }

    var partBytes: [UInt8] { part ?? [0] + payload }

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

    var name: DeltaName { DeltaName(from: nil, to: commit.checksum) }

    /// The superblock.
    func superblock() throws -> [UInt8] {
        var metadata: [(key: String, value: Variant)] = [("ostree.endianness", try byte(UInt8(ascii: "l")))]
        if isInline {
            metadata.append((name.partPath(0), try Variant(parsing: partBytes, as: "(yay)")))
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

    /// Applies it to a repository's quarantine, with none of the objects published.
    func apply(to repository: Repository, in quarantine: any Quarantine) throws {
        let directory = try TemporaryDirectory()
        let superblock = try Directory(directory.path).unnamedFile()
        try superblock.writeAll(self.superblock())
        let delta = try StaticDelta(
            mapping: superblock, as: name, digest: nil, makeFile: repository.temporaryFile)
        let application = DeltaApplication(delta, to: repository)
        for part in try application.plan(in: quarantine, wantsAll: true) {
            try application.apply(part, nil) { try quarantine.receive($0, size: nil) }
        }
        try quarantine.settle()
    }
}
