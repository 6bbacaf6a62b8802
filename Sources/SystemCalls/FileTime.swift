// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The clock that the kernel takes modification times from. It moves in ticks of some milliseconds.
public enum FileTime {
    /// Waits until changed files get a later modification time than `time`.
    ///
    /// - Returns: false if that takes more than 100 ms.
    public static func wait(after time: timespec) -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(100)
        while true {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &now)
            if (now.tv_sec, now.tv_nsec) > (time.tv_sec, time.tv_nsec) { return true }
            guard ContinuousClock.now < deadline else { return false }
            usleep(1000)
        }
    }
}
