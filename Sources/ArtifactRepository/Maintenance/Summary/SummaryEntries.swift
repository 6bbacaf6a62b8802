// SPDX-License-Identifier: Apache-2.0

import Variants

/// The entries of a serialised summary, `(a(s(taya{sv}))a{sv})`, as bytes that can be copied.
///
/// Every offset is checked before use, so the bytes may be arbitrary.
package struct SummaryEntries {
    private let bytes: UnsafeRawBufferPointer
    private let entries: FramedArray
    /// The dictionary after the entries, `a{sv}`.
    package let metadata: UnsafeRawBufferPointer

    /// The number of refs.
    package var count: Int { entries.count }

    /// Parses bytes, which must outlive the result; nil if they are no summary.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        let width = FramingOffset.width(ofContainer: bytes.count)
        guard bytes.count > width else { return nil }
        let end = FramingOffset.read(bytes, at: bytes.count - width, width: width)
        let start = FramingOffset.aligned(end)
        guard start <= bytes.count - width, let entries = FramedArray(bytes, in: 0..<end, alignment: 8) else {
            return nil
        }
        (self.bytes, self.entries) = (bytes, entries)
        metadata = UnsafeRawBufferPointer(rebasing: bytes[start..<(bytes.count - width)])
    }

    /// The bytes of an entry; nil if the index or an offset is out of range.
    package func entry(_ index: Int) -> UnsafeRawBufferPointer? {
        entries.element(index, of: bytes).map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
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
