// SPDX-License-Identifier: Apache-2.0

/// Ages and counts as the page writes them.
enum Quantities {
    /// Returns an age as `just now`, `5 minutes ago` or `1 day ago`.
    static func age(of time: Int, now: Int) -> String {
        let seconds = now - time
        guard seconds >= 60 else { return seconds < -60 ? "in the future" : "just now" }
        for (unit, size) in [
            ("year", 365 * 86_400), ("month", 30 * 86_400), ("day", 86_400), ("hour", 3600), ("minute", 60),
        ] where seconds >= size {
            return "\(count(seconds / size, unit)) ago"
        }
        return "just now"
    }

    /// Returns a count as `1 key` or `1,200 keys`.
    static func count(_ number: Int, _ noun: String) -> String {
        let digits = Array(String(number))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return "\(text) \(noun)\(number == 1 ? "" : "s")"
    }
}
