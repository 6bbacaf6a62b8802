// SPDX-License-Identifier: Apache-2.0

/// An array of elements of variable size, read in place from serialised bytes.
///
/// The elements' end offsets follow the last one, in numbers as wide as the array's size requires. Every offset is checked before
/// use, so the bytes may be arbitrary.
package struct FramedArray: Sendable {
    private let range: Range<Int>
    private let alignment: Int
    /// The start of the table of end offsets.
    private let table: Int
    /// The size of an end offset in bytes.
    private let width: Int
    /// The number of elements.
    package let count: Int

    /// Finds the elements of an array in a part of `bytes`. Checks that the array is in normal form; its elements are checked when
    /// they are read.
    ///
    /// - Parameter alignment: the number, 1, 2, 4 or 8, at whose multiples elements begin, as `range` does.
    /// - Returns: Nil if there is no such array.
    package init?(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>, alignment: Int) {
        (self.range, self.alignment) = (range, alignment)
        width = FramingOffset.width(ofContainer: range.count)
        guard !range.isEmpty else {
            (table, count) = (range.lowerBound, 0)
            return
        }
        guard range.count > width else { return nil }
        let end = FramingOffset.read(bytes, at: range.upperBound - width, width: width)
        guard end < range.count, (range.count - end) % width == 0 else { return nil }
        table = range.lowerBound + end
        count = (range.count - end) / width
        // Normal form requires the smallest sufficient width.
        guard FramingOffset.width(body: end, count: count) == width else { return nil }
    }

    /// Returns the range of an element; nil if the index or an offset is out of range.
    package func element(_ index: Int, of bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        guard index >= 0, index < count else { return nil }
        let start = index == 0 ? 0 : FramingOffset.aligned(end(of: index - 1, bytes), to: alignment)
        let end = end(of: index, bytes)
        guard start < end, end <= table - range.lowerBound else { return nil }
        return range.lowerBound + start..<range.lowerBound + end
    }

    private func end(of index: Int, _ bytes: UnsafeRawBufferPointer) -> Int {
        FramingOffset.read(bytes, at: table + index * width, width: width)
    }
}
