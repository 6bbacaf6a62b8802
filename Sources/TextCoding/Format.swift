// SPDX-License-Identifier: Apache-2.0

/// Numbers as text for people.
package enum Format {
    /// Returns a count as `1 object` or `12 objects`.
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// Returns a size as `999 B`, `1.5 KiB` or `20.0 MiB`.
    package static func bytes(_ number: UInt64) -> String {
        guard number >= 1024 else { return "\(number) B" }
        var value = Double(number) / 1024
        var unit = 0
        let units = ["KiB", "MiB", "GiB", "TiB"]
        while value >= 1023.95, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(oneDecimal(value)) \(units[unit])"
    }

    /// Returns a duration as `1.2 s`.
    package static func seconds(_ duration: Duration) -> String {
        "\(oneDecimal(duration / .seconds(1))) s"
    }

    /// Returns a duration as `8 s`, `3 min 20 s` or `2 h 5 min`.
    package static func duration(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
        default: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        }
    }

    /// Returns seconds since 1970 as `2026-11-22 14:08`, in the user's time zone.
    package static func date(_ timestamp: UInt64) -> String {
        CalendarTime.text(Int(clamping: timestamp), "%Y-%m-%d %H:%M", isLocal: true)
    }

    /// Pads rows to aligned columns, the first one flush left and the others flush right.
    package static func table(_ rows: [[String]]) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + padding : padding + text
            }.joined(separator: "  ")
        }
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
