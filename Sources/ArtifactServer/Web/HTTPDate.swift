// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// Times as they are written where machines read them.
enum HTTPDate {
    /// `Sun, 22 Nov 2026 16:05:46 GMT`, for seconds since 1970.
    static func text(_ time: Int) -> String {
        CalendarTime.text(time, "%a, %d %b %Y %H:%M:%S GMT")
    }

    /// `22/Nov/2026:16:05:46 +0000`, as access logs have it.
    static func logText(_ time: Int) -> String {
        CalendarTime.text(time, "%d/%b/%Y:%H:%M:%S +0000")
    }

    /// `2026-11-22 16:05`
    static func minute(_ time: Int) -> String {
        CalendarTime.text(time, "%Y-%m-%d %H:%M")
    }
}
