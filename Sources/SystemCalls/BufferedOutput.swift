// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Collects bytes for a pipe or socket, since few large writes are much cheaper than many small ones.
package final class BufferedOutput {
    private let descriptor: Descriptor
    private let timeout: Duration?
    private let cancellation: Cancellation?
    private var pending: [UInt8] = []

    /// The number of pending bytes from which on they are written.
    private static let limit = 256 * 1024

    /// Prepares to write.
    ///
    /// - Parameters:
    ///   - descriptor: the pipe or socket, which should not block.
    ///   - timeout: the longest time in which the reader may take nothing; nil for no limit.
    package init(_ descriptor: Descriptor, timeout: Duration?, cancellation: Cancellation?) {
        (self.descriptor, self.timeout, self.cancellation) = (descriptor, timeout, cancellation)
    }

    /// Queues bytes.
    ///
    /// - Throws: the errors of `flush()`.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        if pending.count + bytes.count > BufferedOutput.limit { try flush() }
        if bytes.count >= BufferedOutput.limit { return try send(bytes) }
        pending.append(contentsOf: bytes)
    }

    /// Queues bytes.
    package func write(_ bytes: [UInt8]) throws(SystemError) {
        try bytes.span.bytes.withUnsafeBytes { raw throws(SystemError) in try write(raw) }
    }

    /// Writes what is pending.
    ///
    /// - Throws: `SystemError`, with `ETIMEDOUT` if the reader takes nothing for too long, and with `ECANCELED`.
    package func flush() throws(SystemError) {
        defer { pending.removeAll(keepingCapacity: true) }
        try pending.span.bytes.withUnsafeBytes { raw throws(SystemError) in try send(raw) }
    }

    private func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        if cancellation?.isRequested == true { throw SystemError("write", code: ECANCELED) }
        try descriptor.writeAll(bytes, timeout: timeout, cancellation: cancellation)
    }
}
