// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CDeflate

/// Reads a `.filez` that is in memory as a whole, as most are: libdeflate needs no state between pieces, so it is about twice
/// as fast as what reads a stream.
///
/// One decoder serves one thread: it keeps its buffer.
final class WholeFileDecoder {
    /// Objects whose content is larger are read as streams, so that memory is bounded.
    static let maximumContentSize = 1024 * 1024

    private let decompressor: OpaquePointer
    private var content = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)

    init() {
        // It is nil only without memory.
        decompressor = libdeflate_alloc_decompressor()!
    }

    deinit {
        libdeflate_free_decompressor(decompressor)
        content.deallocate()
    }

    /// Decompresses and checks an object.
    ///
    /// - Returns: its header and its content, which is valid until the next call; nil where anything is not as it should be,
    ///   or too large: `FilezDecoder` says what.
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
        let digest = Digest()
        digest.update(header.hashedPrefix)
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
