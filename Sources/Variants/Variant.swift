// SPDX-License-Identifier: Apache-2.0

import CGLib

/// The byte order in which a variant is serialised.
public enum ByteOrder: Sendable {
    case little
    case big

    /// The order of the machine that runs this code.
    public static var host: ByteOrder { 1.littleEndian == 1 ? .little : .big }
}

/// The reason why bytes could not be read as a variant.
public struct VariantError: Error, CustomStringConvertible, Equatable {
    /// A sentence for people.
    public let description: String
}

/// An immutable GVariant, GLib's typed and serialisable value: OSTree's metadata objects and the bodies of
/// the wire protocol are variants.
///
/// The format is specified in GLib's documentation ("GVariant Serialisation"). Bytes are checked to be in normal form
/// when they are parsed, so accessors do not fail.
public final class Variant: @unchecked Sendable {
    // GVariant is immutable and its reference count is atomic, hence @unchecked Sendable.
    /// The C value, valid as long as this object exists.
    package let pointer: OpaquePointer

    /// Takes ownership of a newly constructed value, whose reference is floating.
    init(taking pointer: OpaquePointer) {
        self.pointer = g_variant_ref_sink(pointer)
    }

    /// Takes ownership of a full reference.
    init(owned pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        g_variant_unref(pointer)
    }

    /// Parses serialised bytes, which are copied.
    ///
    /// - Parameter type: A well-formed GVariant type string, for example `a{sv}`, which must not come from input.
    /// - Throws: `VariantError` if the bytes are not the normal form of a value of that type.
    public convenience init(
        parsing bytes: UnsafeRawBufferPointer, as type: String, order: ByteOrder = .host
    ) throws(VariantError) {
        let storage = g_bytes_new(bytes.baseAddress, gsize(bytes.count))
        defer { g_bytes_unref(storage) }
        let variantType = g_variant_type_new(type)
        defer { g_variant_type_free(variantType) }
        let value: OpaquePointer = g_variant_ref_sink(g_variant_new_from_bytes(variantType, storage, 0))
        defer { g_variant_unref(value) }
        guard g_variant_is_normal_form(value) != 0 else {
            throw VariantError(
                description: "\(bytes.count) bytes are not the normal form of a value of type \(type)")
        }
        self.init(owned: order == .host ? g_variant_ref(value) : g_variant_byteswap(value))
    }

    /// Parses serialised bytes, as the other initialiser does.
    public convenience init(
        parsing bytes: [UInt8], as type: String, order: ByteOrder = .host
    ) throws(VariantError) {
        let parsed = try bytes.span.bytes.withUnsafeBytes { raw throws(VariantError) in
            try Variant(parsing: raw, as: type, order: order)
        }
        self.init(owned: withExtendedLifetime(parsed) { g_variant_ref(parsed.pointer) })
    }

    /// The serialised form.
    public func serialized(order: ByteOrder = .host) -> [UInt8] {
        if order == .host {
            return withSerializedBytes { Array($0) }
        }
        return Variant(owned: g_variant_byteswap(pointer)).withSerializedBytes { Array($0) }
    }

    /// Calls `body` with the serialised form in host order, without copying it.
    public func withSerializedBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        let size = Int(g_variant_get_size(pointer))
        return try body(
            UnsafeRawBufferPointer(start: size == 0 ? nil : g_variant_get_data(pointer), count: size))
    }

    /// Indicates that the bytes are in normal form. Reads all of them, unless the value was parsed by an initialiser
    /// that checks this.
    public var isNormalForm: Bool { g_variant_is_normal_form(pointer) != 0 }

    /// The type string, for example `(ss)`.
    public var typeString: String { String(cString: g_variant_get_type_string(pointer)) }

    /// Maps a file with a serialised value into memory.
    ///
    /// The value is not checked as a whole: accessors return default values for damaged bytes, so check the results.
    ///
    /// - Parameter descriptor: An open file, which may be closed afterwards, but must not become shorter.
    public convenience init(mapping descriptor: Int32, as type: String) throws(VariantError) {
        guard let file = g_mapped_file_new_from_fd(descriptor, 0, nil) else {
            throw VariantError(description: "a file cannot be mapped into memory")
        }
        let bytes = g_mapped_file_get_bytes(file)
        g_mapped_file_unref(file)
        defer { g_bytes_unref(bytes) }
        let variantType = g_variant_type_new(type)
        defer { g_variant_type_free(variantType) }
        self.init(taking: g_variant_new_from_bytes(variantType, bytes, 0))
    }
}
