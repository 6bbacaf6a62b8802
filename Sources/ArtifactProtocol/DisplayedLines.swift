// SPDX-License-Identifier: Apache-2.0

/// A filter for lines that arrive in parts: everything but line breaks and tabs is made printable.
public struct DisplayedLines {
    /// The beginning of a character, or of a line's end.
    private var held: [UInt8] = []

    /// Creates a filter.
    public init() {}

    /// Filters a part.
    ///
    /// - Returns: the text that is complete, including the bytes held back before.
    public mutating func take(_ part: some Sequence<UInt8>) -> [UInt8] {
        held += part
        let end = held.count - DisplayedLines.unfinished(held)
        defer { held.removeFirst(end) }
        return DisplayedLines.displayed(held[..<end])
    }

    /// Returns the bytes that were held back.
    public mutating func end() -> [UInt8] {
        defer { held = [] }
        return DisplayedLines.displayed(held[...])
    }

    /// Returns the number of bytes at the end that the next part may continue.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        if bytes.last == UInt8(ascii: "\r") { return 1 }
        for (count, byte) in zip(1..., bytes.suffix(3).reversed()) where byte & 0xc0 != 0x80 {
            let size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
            return count < size ? count : 0
        }
        return 0
    }

    private static func displayed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let shown = lines.enumerated().map { number, line in
            let isWhole = number < lines.count - 1
            let text = isWhole && line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            return text.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
                .map { String(displaying: $0) }.joined(separator: "\t")
        }
        return Array(shown.joined(separator: "\n").utf8)
    }
}
