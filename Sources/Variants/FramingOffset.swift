// SPDX-License-Identifier: Apache-2.0

/// The framing offsets of serialised GVariant containers: the ends of their parts, in numbers of minimal width.
///
/// They are read and written in little-endian order, like all machines on which OSTree is used in practice; GVariant
/// itself uses the machine's order.
package enum FramingOffset {
    /// The bytes per offset in a container of `size` bytes, offsets included.
    package static func width(ofContainer size: Int) -> Int {
        size <= 0xFF ? 1 : size <= 0xFFFF ? 2 : size <= 0xFFFF_FFFF ? 4 : 8
    }

    /// The bytes per offset if `count` offsets follow a body of `body` bytes.
    package static func width(body: Int, count: Int) -> Int {
        for width in [1, 2, 4] where self.width(ofContainer: body + width * count) <= width { return width }
        return 8
    }

    /// Reads an offset; `Int.max`, which no check against a size accepts, if it is larger than that.
    package static func read(_ bytes: UnsafeRawBufferPointer, at position: Int, width: Int) -> Int {
        switch width {
        case 1: load(UInt8.self, bytes, position)
        case 2: load(UInt16.self, bytes, position)
        case 4: load(UInt32.self, bytes, position)
        default: load(UInt64.self, bytes, position)
        }
    }

    private static func load<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type, _ bytes: UnsafeRawBufferPointer, _ position: Int
    ) -> Int {
        Int(clamping: T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: type)))
    }

    /// Appends an offset.
    package static func append(_ offset: Int, width: Int, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt64(offset).littleEndian) { bytes.append(contentsOf: $0[..<width]) }
    }

    /// The next multiple of 8, at which an element begins that holds 64-bit numbers, or of another alignment; `Int.max` if there is
    /// none.
    package static func aligned(_ offset: Int, to alignment: Int = 8) -> Int {
        offset > Int.max - alignment ? .max : (offset + alignment - 1) & ~(alignment - 1)
    }
}
