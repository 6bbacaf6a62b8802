// SPDX-License-Identifier: Apache-2.0

/// The entries of a summary as bytes, for copying them: `(a(s(taya{sv}))a{sv})` in GVariant's serialisation.
///
/// An array's elements begin at multiples of 8; where each ends is said behind the last, in numbers that are as wide as
/// the array's size needs. Every place is checked before it is used, whatever the bytes are.
struct SummaryEntries {
    private let bytes: UnsafeRawBufferPointer
    /// Where the table of ends begins, and how wide a number in it is.
    private let table: Int
    private let width: Int
    /// How many refs there are.
    let count: Int
    /// The dictionary behind the entries, `a{sv}`.
    let metadata: UnsafeRawBufferPointer

    /// Takes bytes apart, which must outlive this; nil where they are no summary.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let outerWidth = GVariantSize.width(ofContainer: bytes.count)
        guard bytes.count > outerWidth else { return nil }
        let end = GVariantSize.number(bytes, at: bytes.count - outerWidth, width: outerWidth)
        let start = GVariantSize.aligned(end)
        guard end >= 0, start <= bytes.count - outerWidth else { return nil }
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        metadata = UnsafeRawBufferPointer(rebasing: bytes[start..<(bytes.count - outerWidth)])
        width = GVariantSize.width(ofContainer: end)
        guard end > 0 else {
            (table, count) = (0, 0)
            return
        }
        guard end > width else { return nil }
        table = GVariantSize.number(self.bytes, at: end - width, width: width)
        guard table >= 0, table < end, (end - table) % width == 0 else { return nil }
        count = (end - table) / width
    }

    /// The bytes of an entry; nil where there is none.
    func entry(_ index: Int) -> UnsafeRawBufferPointer? {
        guard index >= 0, index < count else { return nil }
        let end = GVariantSize.number(bytes, at: table + index * width, width: width)
        let start =
            index == 0
            ? 0
            : GVariantSize.aligned(GVariantSize.number(bytes, at: table + (index - 1) * width, width: width))
        guard start >= 0, start < end, end <= table else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    /// The name of the ref of an entry.
    static func name(_ entry: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let width = GVariantSize.width(ofContainer: entry.count)
        guard entry.count > width else { return nil }
        let end = GVariantSize.number(entry, at: entry.count - width, width: width)
        guard end > 1, end < entry.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: entry[..<(end - 1)])
    }

    /// The 32 bytes of the commit of an entry whose name has so many bytes.
    static func commit(_ entry: UnsafeRawBufferPointer, nameCount: Int) -> UnsafeRawBufferPointer? {
        let start = GVariantSize.aligned(nameCount + 1) + 8
        guard entry.count >= start + 32 else { return nil }
        return UnsafeRawBufferPointer(rebasing: entry[start..<(start + 32)])
    }
}

/// How GVariant writes where the parts of a container end.
enum GVariantSize {
    /// How many bytes each such number has in a container of so many bytes, numbers included.
    static func width(ofContainer size: Int) -> Int {
        size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffff_ffff ? 4 : 8
    }

    /// How many bytes each such number has where `count` of them follow a body.
    static func width(body: Int, count: Int) -> Int {
        for width in [1, 2, 4] where self.width(ofContainer: body + width * count) <= width { return width }
        return 8
    }

    /// The next multiple of 8; what is not a place at all stays one that no check lets pass.
    static func aligned(_ place: Int) -> Int {
        place < 0 || place > Int.max - 8 ? .max : (place + 7) & ~7
    }

    /// A little-endian number; negative where it is too large to be a place.
    static func number(_ bytes: UnsafeRawBufferPointer, at place: Int, width: Int) -> Int {
        var value: UInt64 = 0
        for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[place + index]) }
        return Int(exactly: value) ?? -1
    }

    /// Writes a number.
    static func append(_ value: Int, width: Int, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt64(value).littleEndian) { bytes.append(contentsOf: $0[..<width]) }
    }
}
