// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import Variants

/// The metadata of a file object: owner, mode, link target, extended attributes.
///
/// Formats, all from OSTree: the header that is hashed, `(uuuusa(ayay))`; that of a `.filez`, `(tuuuusa(ayay))`
/// with the content's size in front; and the `user.ostreemeta` attribute of bare-user repositories,
/// `(uuua(ayay))`. Their numbers are big-endian.
///
/// Most headers are plain: they have neither link target nor attributes. Those are read and written without GVariant,
/// whose values cost more than all other work on a small file.
struct FileHeader: Sendable {
    var uid: UInt32
    var gid: UInt32
    /// Type and permissions, as in `stat`.
    var mode: UInt32
    /// The target of a symbolic link; empty for a regular file.
    var linkTarget = ""
    /// Extended attributes, `a(ayay)`.
    var attributes = FileHeader.noAttributes

    /// The maximum size of a header in bytes: Linux limits each extended attribute to 64 KiB.
    static let maximumSize = 1024 * 1024
    static let noAttributes = Variant.array(of: "(ayay)", [])
    /// The framing offset of a plain `(uuuusa(ayay))`: the end of the empty string, at which the attributes begin.
    private static let hashedOffset: UInt8 = 17
    /// The same in `(tuuuusa(ayay))`.
    private static let archiveOffset: UInt8 = 25

    var isLink: Bool { mode & S_IFMT == S_IFLNK }

    private var isPlain: Bool { linkTarget.isEmpty && attributes === FileHeader.noAttributes }

    /// Reads the header of a `.filez`, without the eight bytes before it.
    ///
    /// - Returns: The header and the content's size in bytes.
    static func archive(
        _ bytes: UnsafeRawBufferPointer, of name: ObjectName
    ) throws(RepositoryError) -> (header: FileHeader, size: UInt64) {
        if bytes.count == 26, bytes[24] == 0, bytes[25] == archiveOffset {
            let numbers = numbers(bytes)
            let header = FileHeader(uid: numbers[2], gid: numbers[3], mode: numbers[4])
            let size = UInt64(numbers[0]) << 32 | UInt64(numbers[1])
            try header.check(name, device: numbers[5], size: size)
            return (header, size)
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
            let numbers = bytes.withUnsafeBytes(FileHeader.numbers)
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
        // Without an offset: only the last part of its form is variable.
        if attributes === FileHeader.noAttributes { return FileHeader.bytes(uid, gid, mode) }
        return Variant.tuple([
            .uint32(uid.bigEndian), .uint32(gid.bigEndian), .uint32(mode.bigEndian), attributes,
        ]).serialized()
    }

    private var fields: [Variant] {
        [
            .uint32(uid.bigEndian), .uint32(gid.bigEndian), .uint32(mode.bigEndian), .uint32(0),
            .string(linkTarget), attributes,
        ]
    }

    /// The bytes that are hashed before the content.
    var hashedPrefix: [UInt8] {
        if isPlain { return FileHeader.bytes(18, 0, uid, gid, mode, 0) + [0, FileHeader.hashedOffset] }
        return FileHeader.framed(Variant.tuple(fields))
    }

    /// The bytes before the compressed content in a `.filez` whose content has `size` bytes.
    func archivePrefix(size: UInt64) -> [UInt8] {
        if isPlain {
            let (high, low) = (UInt32(size >> 32), UInt32(truncatingIfNeeded: size))
            return FileHeader.bytes(26, 0, high, low, uid, gid, mode, 0) + [0, FileHeader.archiveOffset]
        }
        return FileHeader.framed(Variant.tuple([.uint64(size.bigEndian)] + fields))
    }

    /// The variant after its size in four bytes and four zero bytes.
    private static func framed(_ variant: Variant) -> [UInt8] {
        variant.withSerializedBytes { bytes(UInt32($0.count), 0) + $0 }
    }

    /// The numbers in big-endian order.
    private static func bytes(_ numbers: UInt32...) -> [UInt8] {
        numbers.map(\.bigEndian).withUnsafeBytes { Array($0) }
    }

    /// The numbers in big-endian bytes, of which those behind the last whole number are ignored.
    private static func numbers(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        stride(from: 0, through: bytes.count - 4, by: 4).map {
            UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
        }
    }
}
