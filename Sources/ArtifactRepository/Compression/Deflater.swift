// SPDX-License-Identifier: Apache-2.0

import CDeflate
import CZlib

/// Makes raw deflate: whole buffers with libdeflate, streams with zlib.
final class Deflater {
    private let compressor: OpaquePointer
    private let level: Int

    /// Makes a compressor.
    ///
    /// - Parameter level: 0 to 12 as libdeflate counts; zlib, which ends at 9, takes 9 for more.
    init(level: Int) {
        self.level = level
        // It returns nil only for a level that does not exist, or without memory.
        compressor = libdeflate_alloc_compressor(Int32(level))!
    }

    deinit {
        libdeflate_free_compressor(compressor)
    }

    /// Compresses a buffer.
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

    /// A stream for content that is too large for a buffer.
    func stream() -> DeflateStream { DeflateStream(level: min(level, 9)) }
}

/// A running raw deflate stream in bounded memory, by zlib.
final class DeflateStream {
    private var stream = z_stream()
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)

    fileprivate init(level: Int) {
        let ready = deflateInit2_(
            &stream, Int32(level), Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(ready == Z_OK, "zlib cannot be initialised")
    }

    deinit {
        deflateEnd(&stream)
        output.deallocate()
    }

    /// Compresses more bytes, handing on what comes out.
    func write(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, to body: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        stream.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(bytes.count)
        repeat {
            stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(output.count)
            deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            let produced = output.count - Int(stream.avail_out)
            if produced > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<produced])) }
        } while stream.avail_out == 0
    }
}
