// SPDX-License-Identifier: Apache-2.0

import CDeflate
import CISAL
import CZlib

/// A raw deflate compressor for one thread: whole content with libdeflate, parts of large content with ISA-L or
/// libdeflate.
///
/// A part ends at a byte boundary and refers to no part before it, so the parts of a stream can be compressed
/// concurrently.
final class Deflater {
    private let compressor: OpaquePointer
    private let partLevel: Int32?
    private let workspace: UnsafeMutableRawBufferPointer
    private let blockEnds = BlockEnds()

    /// The size of a part's content in bytes.
    static let partSize = 1024 * 1024

    init(_ compression: Compression) {
        // Nil only for an invalid level or without memory.
        compressor = libdeflate_alloc_compressor(Int32(compression.wholeLevel))!
        partLevel = compression.partLevel
        workspace = .allocate(byteCount: partLevel.map(cisal_workspace_size) ?? 0, alignment: 64)
    }

    deinit {
        libdeflate_free_compressor(compressor)
        workspace.deallocate()
    }

    /// Compresses complete content.
    ///
    /// - Returns: `prefix`, followed by the compressed bytes.
    func compress(_ bytes: UnsafeRawBufferPointer, after prefix: [UInt8]) -> [UInt8] {
        let bound = libdeflate_deflate_compress_bound(compressor, bytes.count)
        return [UInt8](unsafeUninitializedCapacity: prefix.count + bound) { output, count in
            _ = output.initialize(from: prefix)
            let size = libdeflate_deflate_compress(
                compressor, bytes.baseAddress, bytes.count, output.baseAddress! + prefix.count, bound)
            count = prefix.count + size
        }
    }

    /// Compresses a part of large content.
    ///
    /// - Parameter isLast: True if the content ends with this part.
    func compressPart(_ bytes: UnsafeRawBufferPointer, isLast: Bool) -> [UInt8] {
        if let partLevel { return compressFast(bytes, level: partLevel, isLast: isLast) }
        var result = compress(bytes, after: [])
        if !isLast { blockEnds.makeContinuable(&result, contentSize: bytes.count) }
        return result
    }

    private func compressFast(_ bytes: UnsafeRawBufferPointer, level: Int32, isLast: Bool) -> [UInt8] {
        // The worst case is stored blocks of 64 KiB, each with 5 bytes of overhead, and the flush marker at the end.
        let bound = bytes.count + bytes.count / 1000 + 4096
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            guard let input = bytes.baseAddress, let target = output.baseAddress,
                let workspace = workspace.baseAddress
            else { return }
            count = cisal_compress_part(
                level, workspace, input, bytes.count, isLast ? 1 : 0, target, bound)
            precondition(count > 0, "a part does not fit into its bound")
        }
    }
}

/// Makes a complete deflate stream continuable, which libdeflate cannot: clears the final-block flag and pads to a byte
/// boundary.
///
/// The start of the last block can only be found by decoding, so zlib decodes the stream, in a tenth of the time that
/// it took to compress.
private final class BlockEnds {
    private var content = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 1)

    deinit {
        content.deallocate()
    }

    func makeContinuable(_ stream: inout [UInt8], contentSize: Int) {
        let (last, end) = positions(in: stream, contentSize: contentSize)
        // The first bit of a block is its final-block flag.
        stream[last / 8] &= ~(1 << UInt8(last % 8))
        // An empty stored block: three zero bits and padding to a byte boundary, which need a new byte only if the last
        // one has fewer than three bits left; then the length in two bytes and its complement.
        if (8 - end % 8) % 8 < 3 { stream.append(0) }
        stream += [0, 0, 0xFF, 0xFF]
    }

    /// The bit offsets of the start and the end of the last block.
    private func positions(in stream: [UInt8], contentSize: Int) -> (last: Int, end: Int) {
        if content.count <= contentSize {
            content.deallocate()
            content = .allocate(byteCount: contentSize + 1, alignment: 64)
        }
        return stream.withUnsafeBufferPointer { input in
            var state = z_stream()
            let ready = inflateInit2_(&state, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
            precondition(ready == Z_OK, "zlib cannot be initialised")
            defer { inflateEnd(&state) }
            state.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            state.avail_in = UInt32(input.count)
            state.next_out = content.baseAddress?.assumingMemoryBound(to: UInt8.self)
            state.avail_out = UInt32(contentSize + 1)
            var start = 0
            while true {
                // Z_BLOCK stops after each block: bit 7 of data_type marks that stop, bit 6 the final block.
                let result = inflate(&state, Z_BLOCK)
                precondition(
                    result == Z_OK && state.data_type & 128 != 0, "libdeflate made what zlib cannot read")
                let end = (input.count - Int(state.avail_in)) * 8 - Int(state.data_type & 7)
                if state.data_type & 64 != 0 { return (start, end) }
                start = end
            }
        }
    }
}
