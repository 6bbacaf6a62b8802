// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// The file of an access log: each line is one write at its end, so that it may be rotated by copying and emptying it.
public struct AccessLogFile: Sendable {
    private let file: Descriptor

    /// Opens it, or makes it.
    public init(_ path: String) throws(SystemError) {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY
        let number = retryingInterrupts { open(path, flags, 0o640) }
        guard number >= 0 else { throw SystemError("open \(path)") }
        file = Descriptor(number)
    }

    /// Adds a line. A full disk does not keep anybody from being served.
    func add(_ line: String) {
        try? file.writeAll(Array(line.utf8))
    }
}
