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

/// Moments as text.
public enum CalendarTime {
    /// `2026-11-22T16:05:46Z`, for seconds since 1970.
    public static func text(_ timestamp: UInt64) -> String {
        text(time_t(clamping: timestamp), "%Y-%m-%dT%H:%M:%SZ")
    }

    /// Seconds since 1970 as `strftime` writes them, in UTC unless `isLocal`; `?` for years that it does not know.
    public static func text(_ time: Int, _ pattern: String, isLocal: Bool = false) -> String {
        var time = time_t(time)
        var fields = tm()
        guard (isLocal ? localtime_r(&time, &fields) : gmtime_r(&time, &fields)) != nil else { return "?" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let start = buffer.baseAddress else { return "?" }
            return strftime(start, buffer.count, pattern, &fields) > 0 ? String(cString: start) : "?"
        }
    }
}
