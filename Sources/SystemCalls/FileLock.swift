// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An exclusive lock on a whole file that belongs to the open file, not to the process (`F_OFD_SETLK`).
public struct FileLock {
    private let file: Descriptor

    /// Takes an exclusive lock, polling every 5 ms.
    ///
    /// - Returns: nil after a timeout.
    /// - Throws: `SystemError` if the file cannot be locked at all.
    public init?(_ file: Descriptor, waitingAtMost timeout: Duration) throws(SystemError) {
        let deadline = ContinuousClock.now + timeout
        while clinux_try_lock(file.number) != 0 {
            guard errno == EAGAIN || errno == EACCES || errno == EINTR else {
                throw SystemError("lock a file")
            }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(5000)
        }
        self.file = file
    }
}
