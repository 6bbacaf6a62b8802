// SPDX-License-Identifier: Apache-2.0

import CLZMA

/// A streaming decoder of one `.xz` stream, by liblzma.
final class LZMADecoder {
    private let stream: clzma_decoder
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)

    /// The memory limit in bytes: the strongest preset takes 65 MiB, and a hostile stream may ask for gigabytes.
    private static let memoryLimit: UInt64 = 128 << 20

    init() throws(DeltaError) {
        guard let stream = clzma_make(LZMADecoder.memoryLimit) else {
            throw DeltaError("there is no memory to decompress it")
        }
        self.stream = stream
    }

    deinit {
        clzma_free(stream)
        output.deallocate()
    }

    /// Decodes a whole stream and passes the result to `body`, piece by piece.
    ///
    /// - Throws: `DeltaError` for anything but one complete stream; errors of `body`.
    func decode(_ bytes: UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var remaining = bytes.count
        guard let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        while true {
            var target = start
            var space = output.count
            let result = clzma_decode(stream, &input, &remaining, &target, &space)
            let produced = output.count - space
            if produced > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<produced])) }
            switch result {
            case 0:
                // Without progress the stream ends too early.
                guard remaining > 0 || produced > 0 else {
                    throw DeltaError("its compressed content ends too early")
                }
            case 1:
                guard remaining == 0 else {
                    throw DeltaError("bytes follow the end of its compressed content")
                }
                return
            case 2:
                throw DeltaError(
                    "it takes more than \(LZMADecoder.memoryLimit >> 20) MiB of memory to decompress")
            default: throw DeltaError("its compressed content is damaged")
            }
        }
    }
}
