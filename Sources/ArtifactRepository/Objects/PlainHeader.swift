// SPDX-License-Identifier: Apache-2.0

/// The header of a regular file without extended attributes, in the formats of `FileHeader`.
///
/// It is read and written without GVariant, whose values cost more than all other work on a small file.
struct PlainHeader {
    var uid: UInt32
    var gid: UInt32
    var mode: UInt32
    var device: UInt32 = 0
    /// The content's size in bytes.
    var size: UInt64 = 0

    /// The only framing offset of `(tuuuusa(ayay))`: the end of the empty string, at which the attributes begin.
    private static let archiveOffset: UInt8 = 25
    /// The same in `(uuuusa(ayay))`.
    private static let hashedOffset: UInt8 = 17

    init(uid: UInt32, gid: UInt32, mode: UInt32) {
        (self.uid, self.gid, self.mode) = (uid, gid, mode)
    }

    /// Reads `(tuuuusa(ayay))`; nil if the header has a link target or attributes, or is damaged.
    init?(archive bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 26, bytes[24] == 0, bytes[25] == PlainHeader.archiveOffset else { return nil }
        func number(_ offset: Int) -> UInt32 {
            UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        size = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        (uid, gid, mode, device) = (number(8), number(12), number(16), number(20))
    }

    /// The bytes that are hashed before the content.
    var hashedPrefix: [UInt8] {
        PlainHeader.bytes(18, 0, uid, gid, mode, device) + [0, PlainHeader.hashedOffset]
    }

    /// The bytes before the compressed content in a `.filez` whose content has `size` bytes.
    func archivePrefix(size: UInt64) -> [UInt8] {
        let (high, low) = (UInt32(size >> 32), UInt32(truncatingIfNeeded: size))
        return PlainHeader.bytes(26, 0, high, low, uid, gid, mode, device) + [0, PlainHeader.archiveOffset]
    }

    /// The value of the `user.ostreemeta` attribute, `(uuua(ayay))`, without an offset: only its last part is variable.
    var bareUserMetadata: [UInt8] { PlainHeader.bytes(uid, gid, mode) }

    /// The numbers in big-endian order. A header is preceded by its size and a zero.
    static func bytes(_ numbers: UInt32...) -> [UInt8] {
        numbers.map(\.bigEndian).withUnsafeBytes { Array($0) }
    }
}
