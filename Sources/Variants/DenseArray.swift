// SPDX-License-Identifier: Apache-2.0

/// An array of tuples of a string and byte arrays, `a(say)` or `a(sayay)`, read in place from serialised bytes.
///
/// Such tuples have no padding, so the framing offsets account for all of their bytes. GLib's values cost an allocation
/// and several checks for each name, and directories have thousands of names.
public struct DenseArray: Sendable {
    /// The number of byte arrays in each element.
    private let fields: Int
    private let elements: FramedArray

    /// The number of elements.
    public var count: Int { elements.count }

    /// Finds the elements of an array in a part of `bytes`. Checks that the array is in normal form; its elements are
    /// checked when they are read.
    ///
    /// - Parameter fields: The number of byte arrays in each element, 1 or 2.
    /// - Returns: Nil if there is no such array.
    public init?(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>, fields: Int) {
        guard let elements = FramedArray(bytes, in: range, alignment: 1) else { return nil }
        (self.fields, self.elements) = (fields, elements)
    }

    /// Returns the ranges of an element's string, without its NUL, and of its byte arrays.
    ///
    /// - Returns: Nil if the element is not in normal form.
    public func element(
        _ index: Int, of bytes: UnsafeRawBufferPointer
    ) -> (string: Range<Int>, first: Range<Int>, second: Range<Int>)? {
        guard let element = elements.element(index, of: bytes) else { return nil }
        let width = FramingOffset.width(ofContainer: element.count)
        let content = element.count - fields * width
        guard content > 0, FramingOffset.width(body: content, count: fields) == width else { return nil }
        // A tuple's offsets are in reverse order.
        let stringEnd = FramingOffset.read(bytes, at: element.upperBound - width, width: width)
        let firstEnd =
            fields == 1
            ? content : FramingOffset.read(bytes, at: element.upperBound - 2 * width, width: width)
        guard stringEnd > 0, stringEnd <= firstEnd, firstEnd <= content else { return nil }
        let (a, b) = (element.lowerBound + stringEnd, element.lowerBound + firstEnd)
        guard bytes[a - 1] == 0 else { return nil }
        return (element.lowerBound..<a - 1, a..<b, b..<element.lowerBound + content)
    }

    /// Returns the ranges of the two arrays of a tuple `(aXaY)`.
    ///
    /// - Returns: Nil if the tuple is not in normal form.
    public static func pair(_ bytes: UnsafeRawBufferPointer) -> (first: Range<Int>, second: Range<Int>)? {
        let width = FramingOffset.width(ofContainer: bytes.count)
        let content = bytes.count - width
        guard content >= 0, FramingOffset.width(body: content, count: 1) == width else { return nil }
        let end = FramingOffset.read(bytes, at: content, width: width)
        guard end <= content else { return nil }
        return (0..<end, end..<content)
    }
}
