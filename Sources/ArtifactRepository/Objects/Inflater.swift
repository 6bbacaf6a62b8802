// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CISAL
import Glibc

/// A streaming raw deflate decompressor in bounded memory, by ISA-L.
final class Inflater {
    private let name: ObjectName
    private let stream: cisal_inflater
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
    /// Indicates that the end of the deflate stream was reached.
    private(set) var isComplete = false

    /// Creates a decompressor at the start of the stream in an object.
    init(_ name: ObjectName) {
        self.name = name
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
    /// - Throws: `RepositoryError` with `badObject` for damaged bytes and for bytes after the end; errors of `body`.
    func inflate(_ bytes: UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !bytes.isEmpty else { return }
        guard !isComplete else { throw bytesBehindEnd }
        var input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var remaining = bytes.count
        guard let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        var space = 0
        repeat {
            var target = start
            space = output.count
            guard cisal_inflate(stream, &input, &remaining, &target, &space) == 0 else {
                throw RepositoryError.badObject(name, "its compressed content is damaged")
            }
            let produced = output.count - space
            if produced > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<produced])) }
            guard cisal_is_complete(stream) == 0 else {
                isComplete = true
                guard remaining == 0, cisal_bytes_behind_end(stream) == 0 else {
                    throw bytesBehindEnd
                }
                return
            }
        } while remaining > 0 || space == 0
    }

    private var bytesBehindEnd: RepositoryError {
        .badObject(name, "bytes follow the end of its compressed content")
    }
}
