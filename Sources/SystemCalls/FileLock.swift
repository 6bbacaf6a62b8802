// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A lock on a whole file that belongs to the open file, not to the process, and goes with it (`F_OFD_SETLK`).
public struct FileLock {
    private let file: Descriptor

    /// Locks a file for writing, which is to say for nobody else, looking every few milliseconds whether it is free.
    ///
    /// - Parameter milliseconds: how long to wait at most.
    /// - Returns: nil where it was not free all that time.
    /// - Throws: `SystemError` where it cannot be locked at all.
    public init?(_ file: Descriptor, waitingAtMost milliseconds: UInt64) throws(SystemError) {
        let deadline = Clock.milliseconds + milliseconds
        while clinux_try_lock(file.number) != 0 {
            guard errno == EAGAIN || errno == EACCES || errno == EINTR else {
                throw SystemError("lock a file")
            }
            guard Clock.milliseconds < deadline else { return nil }
            usleep(5000)
        }
        self.file = file
    }
}
