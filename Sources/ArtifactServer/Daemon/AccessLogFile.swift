// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// An access log. Each line is a single appending write, so it can be rotated with `copytruncate`.
public struct AccessLogFile: Sendable {
    private let file: Descriptor

    /// Opens a log, and creates it if it does not exist.
    public init(_ path: String) throws(SystemError) {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY
        let number = retryingInterrupts { open(path, flags, 0o640) }
        guard number >= 0 else { throw SystemError("open \(path)") }
        file = Descriptor(number)
    }

    /// Adds a line. Errors are ignored, so that a full disk does not stop the server.
    func add(_ line: String) {
        try? file.writeAll(Array(line.utf8))
    }
}
