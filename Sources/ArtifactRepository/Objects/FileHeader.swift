// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import Variants

/// The metadata of a file object: owner, mode, link target, extended attributes.
///
/// Formats, all from OSTree: the header that is hashed, `(uuuusa(ayay))`; that of a `.filez`, `(tuuuusa(ayay))`
/// with the content's size in front; and the `user.ostreemeta` attribute of bare-user repositories,
/// `(uuua(ayay))`. Their numbers are big-endian.
struct FileHeader: Sendable {
    var uid: UInt32
    var gid: UInt32
    /// Type and permissions, as in `stat`.
    var mode: UInt32
    /// The target of a symbolic link; empty for a regular file.
    var linkTarget: String
    /// Extended attributes, `a(ayay)`.
    var attributes: Variant

    /// The maximum size of a header in bytes: Linux limits each extended attribute to 64 KiB.
    static let maximumSize = 1024 * 1024

    static let noAttributes = Variant.array(of: "(ayay)", [])

    init(uid: UInt32, gid: UInt32, mode: UInt32, linkTarget: String = "", attributes: Variant = noAttributes)
    {
        self.uid = uid
        self.gid = gid
        self.mode = mode
        self.linkTarget = linkTarget
        self.attributes = attributes
    }

    var isLink: Bool { mode & S_IFMT == S_IFLNK }

    /// Reads the header of a `.filez`, without the eight bytes before it.
    ///
    /// - Returns: The header and the content's size in bytes.
    static func archive(
        _ bytes: UnsafeRawBufferPointer, of name: ObjectName
    ) throws(RepositoryError) -> (header: FileHeader, size: UInt64) {
        if let plain = PlainHeader(archive: bytes) {
            let header = FileHeader(uid: plain.uid, gid: plain.gid, mode: plain.mode)
            try header.check(name, device: plain.device, size: plain.size)
            return (header, plain.size)
        }
        guard let variant = try? Variant(parsing: bytes, as: "(tuuuusa(ayay))"),
            let size = variant[0].uint64, let uid = variant[1].uint32, let gid = variant[2].uint32,
            let mode = variant[3].uint32, let device = variant[4].uint32, let target = variant[5].string
        else { throw .badObject(name, "its header is not well formed") }
        let header = FileHeader(
            uid: uid.bigEndian, gid: gid.bigEndian, mode: mode.bigEndian, linkTarget: target,
            attributes: variant[6])
        try header.check(name, device: device, size: size.bigEndian)
        return (header, size.bigEndian)
    }

    private func check(_ name: ObjectName, device: UInt32, size: UInt64) throws(RepositoryError) {
        guard mode & ~(S_IFMT | 0o7777) == 0, mode & S_IFMT == S_IFREG || isLink else {
            throw .badObject(
                name, "its mode, \(String(mode, radix: 8)), is neither a file's nor a symbolic link's")
        }
        guard device == 0 else { throw .badObject(name, "it claims to be a device") }
        guard isLink == !linkTarget.isEmpty, !isLink || size == 0 else {
            throw .badObject(name, "link target and content do not go together")
        }
        if attributes !== FileHeader.noAttributes { try checkAttributes(attributes, name) }
    }

    /// Reads the `user.ostreemeta` attribute.
    static func bareUser(_ bytes: [UInt8], of name: ObjectName) throws(RepositoryError) -> FileHeader {
        if bytes.count == 12 {
            let numbers = bytes.withUnsafeBytes { raw in
                [0, 4, 8].map { UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt32.self)) }
            }
            return FileHeader(uid: numbers[0], gid: numbers[1], mode: numbers[2])
        }
        guard let variant = try? Variant(parsing: bytes, as: "(uuua(ayay))"),
            let uid = variant[0].uint32, let gid = variant[1].uint32, let mode = variant[2].uint32
        else { throw .badObject(name, "its user.ostreemeta attribute is not well formed") }
        return FileHeader(
            uid: uid.bigEndian, gid: gid.bigEndian, mode: mode.bigEndian, attributes: variant[3])
    }

    /// The value of the `user.ostreemeta` attribute.
    var bareUserMetadata: [UInt8] {
        guard attributes !== FileHeader.noAttributes else {
            return PlainHeader(uid: uid, gid: gid, mode: mode).bareUserMetadata
        }
        return Variant.tuple([
            .uint32(uid.bigEndian), .uint32(gid.bigEndian), .uint32(mode.bigEndian), attributes,
        ]).serialized()
    }

    /// The fast form of the header; nil if it has a link target or extended attributes, which few have.
    private var plain: PlainHeader? {
        guard linkTarget.isEmpty, attributes === FileHeader.noAttributes else { return nil }
        return PlainHeader(uid: uid, gid: gid, mode: mode)
    }

    private var fields: [Variant] {
        [
            .uint32(uid.bigEndian), .uint32(gid.bigEndian), .uint32(mode.bigEndian), .uint32(0),
            .string(linkTarget), attributes,
        ]
    }

    /// The bytes that are hashed before the content.
    var hashedPrefix: [UInt8] { plain?.hashedPrefix ?? FileHeader.framed(Variant.tuple(fields)) }

    /// The bytes before the compressed content in a `.filez` whose content has `size` bytes.
    func archivePrefix(size: UInt64) -> [UInt8] {
        plain?.archivePrefix(size: size)
            ?? FileHeader.framed(Variant.tuple([.uint64(size.bigEndian)] + fields))
    }

    /// The variant after its size in four bytes and four zero bytes.
    private static func framed(_ variant: Variant) -> [UInt8] {
        variant.withSerializedBytes { PlainHeader.bytes(UInt32($0.count), 0) + $0 }
    }
}
