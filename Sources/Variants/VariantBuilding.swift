// SPDX-License-Identifier: Apache-2.0

import CGLib

extension Variant {
    /// A string (`s`), which must not contain NUL.
    public static func string(_ value: String) -> Variant { Variant(taking: g_variant_new_string(value)) }

    /// A Boolean value (`b`).
    public static func bool(_ value: Bool) -> Variant {
        Variant(taking: g_variant_new_boolean(value ? 1 : 0))
    }

    /// A signed 32-bit number (`i`).
    public static func int32(_ value: Int32) -> Variant { Variant(taking: g_variant_new_int32(value)) }

    /// An unsigned 32-bit number (`u`).
    public static func uint32(_ value: UInt32) -> Variant { Variant(taking: g_variant_new_uint32(value)) }

    /// An unsigned 64-bit number (`t`).
    public static func uint64(_ value: UInt64) -> Variant {
        Variant(taking: g_variant_new_uint64(guint64(value)))
    }

    /// An array of bytes (`ay`).
    public static func bytes(_ value: [UInt8]) -> Variant {
        let byteType = g_variant_type_new("y")
        defer { g_variant_type_free(byteType) }
        return value.withUnsafeBytes {
            Variant(taking: g_variant_new_fixed_array(byteType, $0.baseAddress, gsize($0.count), 1))
        }
    }

    /// A boxed value (`v`).
    public static func boxed(_ value: Variant) -> Variant {
        withExtendedLifetime(value) { Variant(taking: g_variant_new_variant(value.pointer)) }
    }

    /// A tuple, for example `(ss)`.
    public static func tuple(_ values: [Variant]) -> Variant {
        withPointers(values) { Variant(taking: g_variant_new_tuple($0.baseAddress, gsize($0.count))) }
    }

    /// An array, possibly empty, of elements of the type `element`.
    public static func array(of element: String, _ values: [Variant]) -> Variant {
        let type = g_variant_type_new(element)
        defer { g_variant_type_free(type) }
        return withPointers(values) {
            Variant(taking: g_variant_new_array(type, $0.baseAddress, gsize($0.count)))
        }
    }

    /// A dictionary `a{sv}` in the order of `entries`.
    public static func dictionary(_ entries: [(key: String, value: Variant)]) -> Variant {
        array(of: "{sv}", entries.map { entry($0.key, boxed($0.value)) })
    }

    /// A dictionary `a{ss}` in the order of `entries`.
    public static func dictionary(_ entries: [(key: String, value: String)]) -> Variant {
        array(of: "{ss}", entries.map { entry($0.key, string($0.value)) })
    }

    private static func entry(_ key: String, _ value: Variant) -> Variant {
        let key = string(key)
        return withExtendedLifetime((key, value)) {
            Variant(taking: g_variant_new_dict_entry(key.pointer, value.pointer))
        }
    }

    /// Calls `body` with the C values of variants, and keeps them alive meanwhile.
    private static func withPointers(
        _ values: [Variant], _ body: (UnsafeBufferPointer<OpaquePointer?>) -> Variant
    ) -> Variant {
        let pointers: [OpaquePointer?] = values.map(\.pointer)
        return withExtendedLifetime(values) { pointers.withUnsafeBufferPointer(body) }
    }
}
