// SPDX-License-Identifier: Apache-2.0

/// An array of tuples of strings and byte arrays within serialised bytes, read where it lies: `a(say)` and `a(sayay)`.
///
/// Such tuples have no padding, so that all of their bytes are accounted for by the offsets which GVariant puts behind them.
/// GLib's own values for them cost an allocation and several checks for each name; folders have thousands.
public struct DenseArray: Sendable {
    /// How many byte arrays follow the string in each element.
    private let fields: Int
    private let range: Range<Int>
    private let offsetSize: Int
    private let table: Int
    /// How many elements there are.
    public let count: Int

    /// Finds the elements of an array in a part of `bytes`, in normal form as far as the array itself is concerned: its elements
    /// are checked when they are read.
    ///
    /// - Parameter fields: how many byte arrays follow the string in each element.
    /// - Returns: nil where there is no such array.
    public init?(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>, fields: Int) {
        self.fields = fields
        self.range = range
        offsetSize = DenseArray.offsetSize(of: range.count)
        guard !range.isEmpty else {
            (table, count) = (range.lowerBound, 0)
            return
        }
        guard range.count > offsetSize else { return nil }
        let end = DenseArray.number(bytes, at: range.upperBound - offsetSize, size: offsetSize)
        guard end < UInt64(range.count), (range.count - Int(end)) % offsetSize == 0 else { return nil }
        table = range.lowerBound + Int(end)
        count = (range.count - Int(end)) / offsetSize
        // No shorter offsets would do.
        guard DenseArray.offsetSize(content: Int(end), offsets: count) == offsetSize else { return nil }
    }

    /// Where an element's string, without its NUL, and its byte arrays are.
    ///
    /// - Returns: nil where the element is not in normal form.
    public func element(
        _ index: Int, of bytes: UnsafeRawBufferPointer
    ) -> (string: Range<Int>, first: Range<Int>, second: Range<Int>)? {
        let start = index == 0 ? 0 : offset(index - 1, bytes)
        let end = offset(index, bytes)
        guard start < end, end <= UInt64(table - range.lowerBound) else { return nil }
        let element = range.lowerBound + Int(start)..<range.lowerBound + Int(end)
        let size = DenseArray.offsetSize(of: element.count)
        let content = element.count - fields * size
        guard content > 0, DenseArray.offsetSize(content: content, offsets: fields) == size else {
            return nil
        }
        // The offsets of a tuple stand in reverse order.
        let stringEnd = DenseArray.number(bytes, at: element.upperBound - size, size: size)
        let firstEnd =
            fields == 1
            ? UInt64(content) : DenseArray.number(bytes, at: element.upperBound - 2 * size, size: size)
        guard stringEnd > 0, stringEnd <= firstEnd, firstEnd <= UInt64(content) else { return nil }
        let (a, b) = (element.lowerBound + Int(stringEnd), element.lowerBound + Int(firstEnd))
        guard bytes[a - 1] == 0 else { return nil }
        return (element.lowerBound..<a - 1, a..<b, b..<element.lowerBound + content)
    }

    private func offset(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        DenseArray.number(bytes, at: table + index * offsetSize, size: offsetSize)
    }

    /// A little-endian number, as OSTree's objects have them where they were written on such machines, which are all that it
    /// runs on in practice; GVariant itself takes the order of the machine.
    private static func number(_ bytes: UnsafeRawBufferPointer, at start: Int, size: Int) -> UInt64 {
        switch size {
        case 1: UInt64(bytes[start])
        case 2: UInt64(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt16.self)))
        case 4: UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        default: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
    }

    /// How many bytes an offset has in a container of so many bytes.
    private static func offsetSize(of size: Int) -> Int {
        size <= 0xFF ? 1 : size <= 0xFFFF ? 2 : size <= 0xFFFF_FFFF ? 4 : 8
    }

    /// How many bytes each of so many offsets has behind so many bytes of content.
    private static func offsetSize(content: Int, offsets: Int) -> Int {
        [1, 2, 4].first { offsetSize(of: content + offsets * $0) == $0 } ?? 8
    }

    /// Where the two arrays of a tuple `(aXaY)` are, which are all that it has.
    ///
    /// - Returns: nil where the tuple is not in normal form.
    public static func pair(_ bytes: UnsafeRawBufferPointer) -> (first: Range<Int>, second: Range<Int>)? {
        let size = offsetSize(of: bytes.count)
        let content = bytes.count - size
        guard content >= 0, offsetSize(content: content, offsets: 1) == size else { return nil }
        let end = number(bytes, at: content, size: size)
        guard end <= UInt64(content) else { return nil }
        return (0..<Int(end), Int(end)..<content)
    }
}
