// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Time that only goes forward.
public enum Clock {
    /// Milliseconds since some moment before the program began.
    public static var milliseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    /// Waits until files that change get a later time than `time`: some milliseconds, if it is that of a change just now.
    ///
    /// - Returns: false where that is not so after 100 ms.
    public static func waitForFileTimes(after time: timespec) -> Bool {
        let deadline = milliseconds + 100
        while true {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &now)
            if (now.tv_sec, now.tv_nsec) > (time.tv_sec, time.tv_nsec) { return true }
            guard milliseconds < deadline else { return false }
            usleep(1000)
        }
    }
}
