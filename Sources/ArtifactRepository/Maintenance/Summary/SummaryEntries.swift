// SPDX-License-Identifier: Apache-2.0

import Variants

/// The entries of a serialised summary, `(a(s(taya{sv}))a{sv})`, as bytes that can be copied.
///
/// The elements of a GVariant array begin at multiples of 8. Their end offsets follow the last element, in numbers as
/// wide as the array's size requires. Every offset is checked before use, so the bytes may be arbitrary.
package struct SummaryEntries {
    private let bytes: UnsafeRawBufferPointer
    /// The start of the table of end offsets.
    private let table: Int
    /// The size of an end offset in bytes.
    private let width: Int
    /// The number of refs.
    package let count: Int
    /// The dictionary after the entries, `a{sv}`.
    package let metadata: UnsafeRawBufferPointer

    /// Parses bytes, which must outlive the result; nil if they are no summary.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        let outerWidth = FramingOffset.width(ofContainer: bytes.count)
        guard bytes.count > outerWidth else { return nil }
        let end = FramingOffset.read(bytes, at: bytes.count - outerWidth, width: outerWidth)
        let start = FramingOffset.aligned(end)
        guard start <= bytes.count - outerWidth else { return nil }
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        metadata = UnsafeRawBufferPointer(rebasing: bytes[start..<(bytes.count - outerWidth)])
        width = FramingOffset.width(ofContainer: end)
        guard end > 0 else {
            (table, count) = (0, 0)
            return
        }
        guard end > width else { return nil }
        table = FramingOffset.read(self.bytes, at: end - width, width: width)
        guard table < end, (end - table) % width == 0 else { return nil }
        count = (end - table) / width
    }

    /// The bytes of an entry; nil if the index or an offset is out of range.
    package func entry(_ index: Int) -> UnsafeRawBufferPointer? {
        guard index >= 0, index < count else { return nil }
        let start = index == 0 ? 0 : FramingOffset.aligned(end(of: index - 1))
        let end = end(of: index)
        guard start < end, end <= table else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    private func end(of index: Int) -> Int {
        FramingOffset.read(bytes, at: table + index * width, width: width)
    }

    /// The ref's name in an entry.
    package static func name(_ entry: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let width = FramingOffset.width(ofContainer: entry.count)
        guard entry.count > width else { return nil }
        let end = FramingOffset.read(entry, at: entry.count - width, width: width)
        guard end > 1, end < entry.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: entry[..<(end - 1)])
    }

    /// The 32 bytes of the commit in an entry whose name has `nameCount` bytes.
    package static func commit(_ entry: UnsafeRawBufferPointer, nameCount: Int) -> UnsafeRawBufferPointer? {
        let start = FramingOffset.aligned(nameCount + 1) + 8
        guard entry.count >= start + 32 else { return nil }
        return UnsafeRawBufferPointer(rebasing: entry[start..<(start + 32)])
    }
}
