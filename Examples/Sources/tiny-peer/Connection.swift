// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc

/// Two descriptors: all the I/O that a peer needs. The sessions do none.
struct Connection {
    let reading: Int32
    let writing: Int32

    /// Waits for bytes, as many as there are and fit.
    ///
    /// - Returns: false at the end.
    func fill(_ buffer: StreamBuffer) throws -> Bool {
        let count = buffer.fill { space in max(0, read(reading, space.baseAddress, space.count)) }
        return count > 0
    }

    /// Says all of it.
    func say(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(writing, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure("the peer does not listen any more") }
            sent += count
        }
    }
}
