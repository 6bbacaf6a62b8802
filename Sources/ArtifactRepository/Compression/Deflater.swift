// SPDX-License-Identifier: Apache-2.0

import CDeflate
import CISAL
import CZlib

/// Makes raw deflate, for one thread: whole content with libdeflate, parts of large content with ISA-L or zlib.
///
/// A part ends at a whole byte, and needs no part before it, so that parts of one stream can be made at the same time.
final class Deflater {
    private let compressor: OpaquePointer
    private let method: Compression.PartMethod
    private let workspace: UnsafeMutableRawBufferPointer

    /// How many bytes of content a part has.
    static let partSize = 1024 * 1024
    /// How many bytes before its part deflate can refer to.
    static let windowSize = 32 * 1024

    init(_ compression: Compression) {
        // It returns nil only for a level that does not exist, or without memory.
        compressor = libdeflate_alloc_compressor(Int32(compression.wholeLevel))!
        method = compression.partMethod
        if case .fast(let level) = method {
            workspace = .allocate(byteCount: cisal_workspace_size(Int32(level)), alignment: 64)
        } else {
            workspace = .allocate(byteCount: 0, alignment: 1)
        }
    }

    deinit {
        libdeflate_free_compressor(compressor)
        workspace.deallocate()
    }

    /// Compresses content whole.
    ///
    /// - Returns: `prefix`, then the compressed bytes.
    func compress(_ bytes: UnsafeRawBufferPointer, after prefix: [UInt8]) -> [UInt8] {
        let bound = libdeflate_deflate_compress_bound(compressor, bytes.count)
        return [UInt8](unsafeUninitializedCapacity: prefix.count + bound) { output, count in
            _ = output.initialize(from: prefix)
            let size = libdeflate_deflate_compress(
                compressor, bytes.baseAddress, bytes.count, output.baseAddress! + prefix.count, bound)
            count = prefix.count + size
        }
    }

    /// Whether parts are made with a look at what is before them.
    var usesWindow: Bool {
        if case .small = method { true } else { false }
    }

    /// Compresses a part of large content.
    ///
    /// - Parameters:
    ///   - window: the last bytes before it, where `usesWindow`.
    ///   - isLast: whether the content ends with it.
    func compressPart(
        _ bytes: UnsafeRawBufferPointer, after window: UnsafeRawBufferPointer, isLast: Bool
    ) -> [UInt8] {
        // Stored blocks of 64 KiB are the worst, with 5 bytes each, and the mark at the end.
        let bound = bytes.count + bytes.count / 1000 + 4096
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            guard let input = bytes.baseAddress, let target = output.baseAddress else { return }
            switch method {
            case .fast(let level):
                count =
                    workspace.baseAddress.map {
                        cisal_compress_part(
                            Int32(level), $0, input, bytes.count, isLast ? 1 : 0, target, bound)
                    } ?? 0
            case .small(let level):
                count = Deflater.deflatePart(bytes, after: window, level: level, isLast: isLast, to: output)
            }
            precondition(count > 0, "a part does not fit into its bound")
        }
    }

    private static func deflatePart(
        _ bytes: UnsafeRawBufferPointer, after window: UnsafeRawBufferPointer, level: Int, isLast: Bool,
        to output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var stream = z_stream()
        let ready = deflateInit2_(
            &stream, Int32(level), Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(ready == Z_OK, "zlib cannot be initialised")
        defer { deflateEnd(&stream) }
        if let start = window.baseAddress, !window.isEmpty {
            deflateSetDictionary(&stream, start.assumingMemoryBound(to: UInt8.self), UInt32(window.count))
        }
        stream.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(bytes.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        deflate(&stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
        return stream.avail_in == 0 && stream.avail_out > 0 ? output.count - Int(stream.avail_out) : 0
    }
}
