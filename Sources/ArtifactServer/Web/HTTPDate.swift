// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Times as they are written where machines read them.
enum HTTPDate {
    /// `Sun, 22 Nov 2026 16:05:46 GMT`, for seconds since 1970.
    static func text(_ time: Int) -> String {
        format(time, "%a, %d %b %Y %H:%M:%S GMT")
    }

    /// `22/Nov/2026:16:05:46 +0000`, as access logs have it.
    static func logText(_ time: Int) -> String {
        format(time, "%d/%b/%Y:%H:%M:%S +0000")
    }

    /// `2026-11-22 16:05`
    static func minute(_ time: Int) -> String {
        format(time, "%Y-%m-%d %H:%M")
    }

    private static func format(_ time: Int, _ pattern: String) -> String {
        var time = time_t(time)
        var fields = tm()
        guard gmtime_r(&time, &fields) != nil else { return "" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            return strftime(start, buffer.count, pattern, &fields) > 0 ? String(cString: start) : ""
        }
    }
}
