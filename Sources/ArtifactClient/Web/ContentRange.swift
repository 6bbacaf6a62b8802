// SPDX-License-Identifier: Apache-2.0

/// The header `Content-Range` of a response with one range of bytes.
struct ContentRange {
    /// The number of bytes before the range.
    let start: UInt64
    /// The size of the whole file; nil where the server does not know it.
    let size: UInt64?

    /// Parses a value such as `bytes 10-19/100` or `bytes 10-19/*`; nil where it is no such thing.
    init?(_ value: String?) {
        guard let value, value.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = value.dropFirst(6).split(separator: "/")
        guard parts.count == 2, let start = UInt64(parts[0].prefix { $0 != "-" }) else { return nil }
        (self.start, size) = (start, UInt64(parts[1]))
    }
}
