// SPDX-License-Identifier: Apache-2.0

import CISAL
import Glibc

/// A streaming raw deflate decompressor in bounded memory, by ISA-L.
final class Inflater {
    /// The reason why a stream could not be inflated.
    struct Failure: Error {
        var reason: String
    }

    private let stream: cisal_inflater
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
    /// Indicates that the end of the deflate stream was reached.
    private(set) var isComplete = false

    /// Creates a decompressor at the start of a stream.
    init() {
        // Nil only without memory.
        stream = cisal_inflater_make()!
        cisal_inflater_reset(stream)
    }

    deinit {
        free(stream)
        output.deallocate()
    }

    /// Inflates the next bytes and passes the result to `body`, piece by piece.
    ///
    /// - Throws: `Failure` for damaged bytes and for bytes after the end; errors of `body`.
    func inflate(_ bytes: UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !bytes.isEmpty else { return }
        guard !isComplete else { throw Failure.bytesBehindEnd }
        var input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var remaining = bytes.count
        guard let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        var space = 0
        repeat {
            var target = start
            space = output.count
            guard cisal_inflate(stream, &input, &remaining, &target, &space) == 0 else {
                throw Failure(reason: "its compressed content is damaged")
            }
            let produced = output.count - space
            if produced > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<produced])) }
            guard cisal_is_complete(stream) == 0 else {
                isComplete = true
                guard remaining == 0, cisal_bytes_behind_end(stream) == 0 else {
                    throw Failure.bytesBehindEnd
                }
                return
            }
        } while remaining > 0 || space == 0
    }
}

extension Inflater.Failure {
    static let bytesBehindEnd = Inflater.Failure(reason: "bytes follow the end of its compressed content")
}
