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
        framed(size: 18) { append in
            append(numbers)
            append([0, PlainHeader.hashedOffset])
        }
    }

    /// The bytes before the compressed content in a `.filez` whose content has `size` bytes.
    func archivePrefix(size: UInt64) -> [UInt8] {
        framed(size: 26) { append in
            append((0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) })
            append(numbers)
            append([0, PlainHeader.archiveOffset])
        }
    }

    /// The value of the `user.ostreemeta` attribute, `(uuua(ayay))`, without an offset: only its last part is variable.
    var bareUserMetadata: [UInt8] { PlainHeader.bytes(of: uid, gid, mode) }

    private var numbers: [UInt8] { PlainHeader.bytes(of: uid, gid, mode, device) }

    private static func bytes(of numbers: UInt32...) -> [UInt8] {
        numbers.flatMap { number in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
    }

    /// The header's size as four bytes, four zero bytes, the header.
    private func framed(size: UInt8, _ body: ((_ append: [UInt8]) -> Void) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + Int(size))
        bytes += [0, 0, 0, size, 0, 0, 0, 0]
        body { bytes += $0 }
        return bytes
    }
}
