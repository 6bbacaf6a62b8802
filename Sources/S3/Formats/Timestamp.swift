// SPDX-License-Identifier: Apache-2.0

import Glibc
import TextCoding

/// Times as stores write them (ISO 8601).
enum Timestamp {
    /// Returns seconds since 1970 of a time such as `2026-11-29T02:03:04.000Z` or `2026-11-29T02:03:04+00:00`; nil for
    /// another form. Fractions are dropped.
    static func seconds(_ text: String) -> Int? {
        let seconds = text.prefix(19)
        let zone = text.dropFirst(19).drop { $0 == "." || $0.isNumber }
        if zone.isEmpty || zone == "Z" { return CalendarTime.seconds(in: seconds, "%Y-%m-%dT%H:%M:%S") }
        return CalendarTime.seconds(in: seconds + zone, "%Y-%m-%dT%H:%M:%S%z")
    }

    /// Returns a time in the form of signatures, such as `20261129T020304Z`.
    static func basic(_ seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &parts)
        return String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
