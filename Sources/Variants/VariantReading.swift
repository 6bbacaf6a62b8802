// SPDX-License-Identifier: Apache-2.0

import CGLib

extension Variant {
    private func isOf(_ type: String) -> Bool {
        type.withCString { strcmp(g_variant_get_type_string(pointer), $0) == 0 }
    }

    /// The string (`s`); nil for any other type.
    public var string: String? {
        isOf("s") ? String(cString: g_variant_get_string(pointer, nil)) : nil
    }

    /// The Boolean value (`b`); nil for any other type.
    public var bool: Bool? { isOf("b") ? g_variant_get_boolean(pointer) != 0 : nil }

    /// The signed 32-bit number (`i`); nil for any other type.
    public var int32: Int32? { isOf("i") ? g_variant_get_int32(pointer) : nil }

    /// The unsigned 32-bit number (`u`) in host order; nil for any other type.
    public var uint32: UInt32? { isOf("u") ? g_variant_get_uint32(pointer) : nil }

    /// The unsigned 64-bit number (`t`) in host order; nil for any other type.
    public var uint64: UInt64? { isOf("t") ? UInt64(g_variant_get_uint64(pointer)) : nil }

    /// The bytes of an `ay`; nil for any other type.
    public var bytes: [UInt8]? { withBytes { Array($0) } }

    /// Calls `body` with the bytes of an `ay`, without copying them; returns nil for any other type.
    public func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T? {
        guard isOf("ay") else { return nil }
        var count: gsize = 0
        let start = g_variant_get_fixed_array(pointer, &count, 1)
        return try body(UnsafeRawBufferPointer(start: count == 0 ? nil : start, count: Int(count)))
    }

    /// The number of children of a container (array, tuple, dictionary, variant); 0 for any other type.
    public var count: Int {
        g_variant_is_container(pointer) != 0 ? Int(g_variant_n_children(pointer)) : 0
    }

    /// The child at `index` of a container; the index must be less than `count`.
    public subscript(index: Int) -> Variant {
        precondition(index >= 0 && index < count, "child \(index) of a variant with \(count)")
        return Variant(owned: g_variant_get_child_value(pointer, gsize(index)))
    }

    /// The content of a `v`; the value itself for any other type.
    public var unboxed: Variant {
        guard isOf("v") else { return self }
        return Variant(owned: g_variant_get_variant(pointer))
    }

    /// The entries of an `a{sv}` in their order, unboxed; none for any other type.
    public var entries: [(key: String, value: Variant)] {
        guard isOf("a{sv}") else { return [] }
        return (0..<count).map { index in
            let entry = self[index]
            return (entry[0].string ?? "", entry[1].unboxed)
        }
    }

    /// The value of an `a{sv}` for `key`, unboxed; nil if there is none. Of duplicate keys the first counts.
    public func entry(_ key: String) -> Variant? {
        guard isOf("a{sv}") else { return nil }
        return g_variant_lookup_value(pointer, key, nil).map { Variant(owned: $0) }
    }
}
