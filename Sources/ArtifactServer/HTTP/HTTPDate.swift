// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// Times as HTTP, access logs and the page write them, in UTC.
enum HTTPDate {
    /// Returns seconds since 1970 as `Sun, 22 Nov 2026 16:05:46 GMT`.
    static func text(_ time: Int) -> String {
        CalendarTime.text(time, "%a, %d %b %Y %H:%M:%S GMT")
    }

    /// Returns a time in an access log's form: `22/Nov/2026:16:05:46 +0000`.
    static func logText(_ time: Int) -> String {
        CalendarTime.text(time, "%d/%b/%Y:%H:%M:%S +0000")
    }

    /// Returns a time as `2026-11-22 16:05`.
    static func minute(_ time: Int) -> String {
        CalendarTime.text(time, "%Y-%m-%d %H:%M")
    }
}
