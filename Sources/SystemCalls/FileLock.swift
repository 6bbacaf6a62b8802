// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A lock on a whole file that belongs to the open file, not to the process (`F_OFD_SETLK`).
public struct FileLock {
    /// The kinds of lock.
    public enum Kind: Sendable {
        /// One of several at a time.
        case shared
        /// The only one.
        case exclusive
    }

    private let file: Descriptor

    /// Takes a lock, polling every 5 ms.
    ///
    /// - Parameter timeout: the time to wait; nil to wait for as long as it takes.
    /// - Returns: nil after the timeout.
    /// - Throws: `SystemError` if the file cannot be locked at all.
    public init?(_ file: Descriptor, _ kind: Kind, waitingAtMost timeout: Duration?) throws(SystemError) {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while clinux_try_lock(file.number, kind == .shared ? 1 : 0) != 0 {
            guard errno == EAGAIN || errno == EACCES || errno == EINTR else {
                throw SystemError("lock a file")
            }
            if let deadline, ContinuousClock.now >= deadline { return nil }
            usleep(5000)
        }
        self.file = file
    }
}
