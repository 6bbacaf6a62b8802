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
}
