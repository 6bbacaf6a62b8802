// SPDX-License-Identifier: Apache-2.0

import CGLib

extension Variant {
    private func isOf(_ type: String) -> Bool {
        type.withCString { strcmp(g_variant_get_type_string(pointer), $0) == 0 }
    }

    /// The string, where this is one (`s`).
    public var string: String? {
        isOf("s") ? String(cString: g_variant_get_string(pointer, nil)) : nil
    }

    /// The truth value, where this is one (`b`).
    public var bool: Bool? { isOf("b") ? g_variant_get_boolean(pointer) != 0 : nil }

    /// The number, where this is a signed one of 32 bits (`i`).
    public var int32: Int32? { isOf("i") ? g_variant_get_int32(pointer) : nil }

    /// The number, where this is an unsigned one of 32 bits (`u`), in host order.
    public var uint32: UInt32? { isOf("u") ? g_variant_get_uint32(pointer) : nil }

    /// The number, where this is an unsigned one of 64 bits (`t`), in host order.
    public var uint64: UInt64? { isOf("t") ? UInt64(g_variant_get_uint64(pointer)) : nil }

    /// The bytes, where this is an array of them (`ay`).
    public var bytes: [UInt8]? { withBytes { Array($0) } }

    /// Lends the bytes of an `ay` without copying them; nil for any other type.
    public func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T? {
        guard isOf("ay") else { return nil }
        var count: gsize = 0
        let start = g_variant_get_fixed_array(pointer, &count, 1)
        return try body(UnsafeRawBufferPointer(start: count == 0 ? nil : start, count: Int(count)))
    }

    /// How many children a container (array, tuple, dictionary, variant) has; 0 for anything else.
    public var count: Int {
        g_variant_is_container(pointer) != 0 ? Int(g_variant_n_children(pointer)) : 0
    }

    /// A container's child; out of range is a mistake of the program.
    public subscript(index: Int) -> Variant {
        precondition(index >= 0 && index < count, "child \(index) of a variant with \(count)")
        return Variant(owned: g_variant_get_child_value(pointer, gsize(index)))
    }

    /// What is inside a `v`; any other value is returned as it is.
    public var unboxed: Variant {
        guard isOf("v") else { return self }
        return Variant(owned: g_variant_get_variant(pointer))
    }

    /// The entry of an `a{sv}` under `key`, unboxed; nil where there is none.
    ///
    /// Where a key stands more than once, the first one counts.
    public func entry(_ key: String) -> Variant? {
        guard isOf("a{sv}") else { return nil }
        return g_variant_lookup_value(pointer, key, nil).map { Variant(owned: $0) }
    }
}
