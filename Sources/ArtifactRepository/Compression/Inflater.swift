// SPDX-License-Identifier: Apache-2.0

import CZlib

/// Undoes raw deflate as a stream, in bounded memory.
final class Inflater {
    /// Why a stream could not be inflated.
    struct Failure: Error {
        var reason: String
    }

    private var stream = z_stream()
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
    /// Whether the deflate stream ended.
    private(set) var isComplete = false

    /// Begins a stream.
    init() {
        let ready = inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(ready == Z_OK, "zlib cannot be initialised")
    }

    deinit {
        inflateEnd(&stream)
        output.deallocate()
    }

    /// Inflates some more bytes and hands what comes out to `body`, piece by piece.
    ///
    /// - Throws: `Failure` for damaged bytes and for bytes after the end; what `body` throws.
    func inflate(_ bytes: UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !bytes.isEmpty else { return }
        guard !isComplete else { throw Failure(reason: "bytes follow the end of its compressed content") }
        stream.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(bytes.count)
        repeat {
            stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(output.count)
            let result = CZlib.inflate(&stream, Z_NO_FLUSH)
            let produced = output.count - Int(stream.avail_out)
            if produced > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<produced])) }
            switch result {
            case Z_STREAM_END:
                isComplete = true
                guard stream.avail_in == 0 else {
                    throw Failure(reason: "bytes follow the end of its compressed content")
                }
                return
            case Z_OK: break
            // No progress was possible: everything was taken.
            case Z_BUF_ERROR: return
            default: throw Failure(reason: "its compressed content is damaged")
            }
        } while stream.avail_in > 0 || stream.avail_out == 0
    }
}
