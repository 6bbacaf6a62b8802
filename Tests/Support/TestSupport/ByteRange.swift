// SPDX-License-Identifier: Apache-2.0

/// The `Range` header of HTTP, as far as one range goes.
enum ByteRange {
    /// The bytes of a file of this size that a header such as `bytes=10-`, `bytes=0-99` or `bytes=-5` asks
    /// for; `nil` when there are none.
    static func parse(_ header: String, size: Int) -> Range<Int>? {
        guard header.hasPrefix("bytes=") else { return nil }
        let bounds = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2 else { return nil }
        let range: Range<Int>
        switch (Int(bounds[0]), Int(bounds[1])) {
        case (let first?, let last?) where first <= last:
            range = first..<max(first, min(last + 1, size))
        case (let first?, nil) where bounds[1].isEmpty:
            range = first..<max(first, size)
        case (nil, let count?) where bounds[0].isEmpty:
            range = max(0, size - count)..<size
        default:
            return nil
        }
        return range.isEmpty ? nil : range
    }
}
