// SPDX-License-Identifier: Apache-2.0

import CDeflate
import CISAL
import CZlib

/// Makes raw deflate, for one thread: whole content with libdeflate, parts of large content with ISA-L or libdeflate.
///
/// A part ends at a whole byte, and needs no part before it, so that parts of one stream can be made at the same time.
final class Deflater {
    private let compressor: OpaquePointer
    private let method: Compression.PartMethod
    private let workspace: UnsafeMutableRawBufferPointer
    private let blockEnds = BlockEnds()

    /// How many bytes of content a part has.
    static let partSize = 1024 * 1024

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

    /// Compresses a part of large content.
    ///
    /// - Parameter isLast: whether the content ends with it.
    func compressPart(_ bytes: UnsafeRawBufferPointer, isLast: Bool) -> [UInt8] {
        switch method {
        case .fast(let level): return compressFast(bytes, level: level, isLast: isLast)
        case .small:
            var result = compress(bytes, after: [])
            if !isLast { blockEnds.makeContinuable(&result, contentSize: bytes.count) }
            return result
        }
    }

    private func compressFast(_ bytes: UnsafeRawBufferPointer, level: Int, isLast: Bool) -> [UInt8] {
        // Stored blocks of 64 KiB are the worst, with 5 bytes each, and the mark at the end.
        let bound = bytes.count + bytes.count / 1000 + 4096
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            guard let input = bytes.baseAddress, let target = output.baseAddress,
                let workspace = workspace.baseAddress
            else { return }
            count = cisal_compress_part(
                Int32(level), workspace, input, bytes.count, isLast ? 1 : 0, target, bound)
            precondition(count > 0, "a part does not fit into its bound")
        }
    }
}

/// Turns a whole deflate stream into one that others can follow, which libdeflate does not make by itself: its last block must
/// not say that it is the last one, and the stream must end at a whole byte.
///
/// Where the last block begins is known only to who reads the stream, so zlib does that; it takes a tenth of the time that
/// compressing it took.
private final class BlockEnds {
    private var content = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 1)

    deinit {
        content.deallocate()
    }

    func makeContinuable(_ stream: inout [UInt8], contentSize: Int) {
        let (last, end) = positions(in: stream, contentSize: contentSize)
        // The first bit of a block says whether it is the last one.
        stream[last / 8] &= ~(1 << UInt8(last % 8))
        // An empty stored block: three zero bits, zeros up to a whole byte, which are there already where it has room for
        // them, then its length of two bytes, and the length's complement.
        if (8 - end % 8) % 8 < 3 { stream.append(0) }
        stream += [0, 0, 0xFF, 0xFF]
    }

    /// In bits: where the last block begins, and where it ends.
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
                // It stops behind each block, and says whether that was the last one.
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
