// SPDX-License-Identifier: Apache-2.0

import CGLib

/// The serialised form of an array of strings in tuples, `a(sss)`, in dictionary entries, `a{ss}`, or in boxed tuples, `a{sv}`,
/// written in place.
///
/// GLib's values cost several allocations for each string, and messages have tens of thousands of names. The bytes are the
/// same in both byte orders.
package struct StringTuples: ~Copyable {
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []

    /// Begins an array.
    ///
    /// - Parameters:
    ///   - count: the number of elements to reserve space for.
    ///   - size: the most bytes that the array will have, framing included.
    package init(count: Int, size: Int) {
        bytes.reserveCapacity(size)
        ends.reserveCapacity(count)
    }

    /// Adds a tuple of two or more strings, or a dictionary entry of two.
    package mutating func append(_ strings: String...) {
        append(strings, at: bytes.count)
        ends.append(UInt32(bytes.count))
    }

    /// Adds a dictionary entry whose value is a boxed tuple of two or more strings.
    package mutating func append(key: String, boxing strings: String...) {
        pad()
        let start = bytes.count
        append(key)
        let keyEnd = bytes.count - start
        pad()
        append(strings, at: bytes.count)
        // The type of what is boxed stands behind it.
        bytes.append(0)
        bytes.append(UInt8(ascii: "("))
        for _ in strings { bytes.append(UInt8(ascii: "s")) }
        bytes.append(UInt8(ascii: ")"))
        let width = FramingOffset.width(body: bytes.count - start, count: 1)
        FramingOffset.append(keyEnd, width: width, to: &bytes)
        ends.append(UInt32(bytes.count))
    }

    /// Ends the array, and returns its bytes.
    package consuming func serialized() -> [UInt8] {
        let width = FramingOffset.width(body: bytes.count, count: ends.count)
        for end in ends { FramingOffset.append(Int(end), width: width, to: &bytes) }
        return bytes
    }

    private mutating func append(_ strings: [String], at start: Int) {
        var inner: [Int] = []
        for string in strings {
            append(string)
            inner.append(bytes.count - start)
        }
        // The last one ends where the tuple does, and the others' ends stand in reverse order.
        inner.removeLast()
        let width = FramingOffset.width(body: bytes.count - start, count: inner.count)
        for end in inner.reversed() { FramingOffset.append(end, width: width, to: &bytes) }
    }

    private mutating func append(_ string: String) {
        bytes.append(contentsOf: string.utf8)
        bytes.append(0)
    }

    private mutating func pad() {
        while !bytes.count.isMultiple(of: 8) { bytes.append(0) }
    }
}

extension Variant {
    /// Takes the serialised form of a value that holds nothing but strings, which is known to be normal.
    package convenience init(trusting bytes: [UInt8], as type: String) {
        let storage = bytes.withUnsafeBytes { g_bytes_new($0.baseAddress, gsize($0.count)) }
        defer { g_bytes_unref(storage) }
        let variantType = g_variant_type_new(type)
        defer { g_variant_type_free(variantType) }
        self.init(taking: g_variant_new_from_bytes(variantType, storage, 1))
    }
}
