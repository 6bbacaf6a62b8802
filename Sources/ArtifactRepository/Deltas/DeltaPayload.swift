// SPDX-License-Identifier: Apache-2.0

import SystemCalls
import Variants

/// The decompressed content of a delta's part, `(a(uuu)aa(ayay)ayay)` in OSTree: owners and modes, sets of extended
/// attributes, data, and operations that make objects of these.
///
/// It is in a file without a name, mapped into memory.
struct DeltaPayload {
    /// Owners and modes, big-endian.
    private let modes: Variant
    /// Sets of extended attributes.
    private let attributes: Variant
    private let data: Variant
    private let operations: Variant
    /// The number of bytes of data.
    let dataSize: Int

    /// Decompresses a part: its first byte is the compression, 0 for none or `x` for xz.
    ///
    /// - Parameters:
    ///   - bytes: the part.
    ///   - file: an empty file to decompress into.
    ///   - limit: the maximum size of the result in bytes.
    /// - Throws: `DeltaError` if the bytes are no part.
    init(unpacking bytes: UnsafeRawBufferPointer, into file: Descriptor, limit: UInt64) throws {
        guard let compression = bytes.first else { throw DeltaError("a part of it is empty") }
        let content = UnsafeRawBufferPointer(rebasing: bytes[1...])
        var size: UInt64 = 0
        func store(_ piece: UnsafeRawBufferPointer) throws {
            size += UInt64(piece.count)
            guard size <= limit else {
                throw DeltaError("a part of it decompresses to more than it may have")
            }
            try file.writeAll(piece)
        }
        switch compression {
        case 0: try store(content)
        case UInt8(ascii: "x"): try LZMADecoder().decode(content, to: store)
        default: throw DeltaError("a part of it is compressed by a method that is not known here")
        }
        guard size > 0, let variant = try? Variant(mapping: file.number, as: "(a(uuu)aa(ayay)ayay)"),
            variant.isNormalForm
        else { throw DeltaError("a part of it is not well formed") }
        (modes, attributes, data, operations) = (variant[0], variant[1], variant[2], variant[3])
        dataSize = data.withBytes(\.count) ?? 0
    }

    /// Returns a header for a file or symbolic link.
    ///
    /// - Parameters:
    ///   - mode: the index of owner and mode.
    ///   - set: the index of the set of extended attributes.
    func header(mode: UInt64, attributes set: UInt64) throws -> FileHeader {
        guard mode < UInt64(modes.count), set < UInt64(attributes.count) else {
            throw DeltaError("an operation in it names a mode or attributes that are not there")
        }
        let (owner, set) = (modes[Int(mode)], attributes[Int(set)])
        guard let uid = owner[0].uint32, let gid = owner[1].uint32, let mode = owner[2].uint32 else {
            throw DeltaError("a part of it is not well formed")
        }
        guard set.withSerializedBytes(\.count) <= FileHeader.maximumSize / 2 else {
            throw DeltaError("a file in it has too many extended attributes")
        }
        return FileHeader(
            uid: uid.bigEndian, gid: gid.bigEndian, mode: mode.bigEndian,
            attributes: set.count == 0 ? FileHeader.noAttributes : set)
    }

    /// Calls `body` with the data and the operations.
    func withContent<T>(
        _ body: (_ data: UnsafeRawBufferPointer, _ operations: UnsafeRawBufferPointer) throws -> T
    ) throws -> T {
        let result = try data.withBytes { data in try operations.withBytes { try body(data, $0) } }
        guard let result = result ?? nil else { throw DeltaError("a part of it is not well formed") }
        return result
    }
}
