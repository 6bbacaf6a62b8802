// SPDX-License-Identifier: Apache-2.0

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
}
