// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Times as text.
package enum CalendarTime {
    /// Returns seconds since 1970 as `2026-11-22T16:05:46Z`.
    package static func text(_ timestamp: UInt64) -> String {
        text(time_t(clamping: timestamp), "%Y-%m-%dT%H:%M:%SZ")
    }

    /// Returns seconds since 1970 as `strftime` formats them, in UTC unless `isLocal`; `?` for years out of its range.
    package static func text(_ time: Int, _ pattern: String, isLocal: Bool = false) -> String {
        var time = time_t(time)
        var fields = tm()
        guard (isLocal ? localtime_r(&time, &fields) : gmtime_r(&time, &fields)) != nil else { return "?" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let start = buffer.baseAddress else { return "?" }
            return strftime(start, buffer.count, pattern, &fields) > 0 ? String(cString: start) : "?"
        }
    }

    /// Parses a time as `strptime` does, in UTC unless it names its zone, into seconds since 1970; nil if it is of another
    /// form, or earlier.
    package static func seconds(in text: some StringProtocol, _ pattern: String) -> Int? {
        let seconds = clinux_parse_time(String(text), pattern)
        return seconds < 0 ? nil : Int(seconds)
    }
}
