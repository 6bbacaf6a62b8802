// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CDeflate

/// A decoder of `.filez` objects that are completely in memory, as most are. It uses libdeflate, which is about twice
/// as fast as a streaming decoder.
///
/// It reuses its buffer, so each thread needs its own.
final class WholeFileDecoder {
    /// The maximum content size in bytes; larger objects are decoded as streams, so that memory is bounded.
    static let maximumContentSize = 1024 * 1024

    private let decompressor: OpaquePointer
    private var content = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)

    init() {
        // Nil only without memory.
        decompressor = libdeflate_alloc_decompressor()!
    }

    deinit {
        libdeflate_free_decompressor(decompressor)
        content.deallocate()
    }

    /// Decompresses and checks an object.
    ///
    /// - Returns: The header and the content, which is valid until the next call; nil if the object is too large or
    ///   invalid, for which `FilezDecoder` tells the reason.
    func decode(
        _ bytes: UnsafeRawBufferPointer, _ name: ObjectName
    ) -> (header: FileHeader, content: UnsafeRawBufferPointer)? {
        guard let (header, size, body) = FilezDecoder.split(bytes, name),
            size <= UInt64(WholeFileDecoder.maximumContentSize)
        else { return nil }
        if header.isLink {
            guard body.isEmpty else { return nil }
        } else {
            guard body.count <= FilezDecoder.allowance(contentSize: size),
                decompress(body, size: Int(size))
            else { return nil }
        }
        let result = UnsafeRawBufferPointer(rebasing: content[..<Int(size)])
        let digest = Digest(of: header.hashedPrefix)
        digest.update(result)
        return digest.finish() == name.checksum ? (header, result) : nil
    }

    private func decompress(_ body: UnsafeRawBufferPointer, size: Int) -> Bool {
        if size > content.count {
            content.deallocate()
            content = .allocate(
                byteCount: min(size * 2, WholeFileDecoder.maximumContentSize), alignment: 64)
        }
        var (read, written) = (0, 0)
        let result = libdeflate_deflate_decompress_ex(
            decompressor, body.baseAddress, body.count, content.baseAddress, size, &read, &written)
        return result == LIBDEFLATE_SUCCESS && read == body.count && written == size
    }
}
