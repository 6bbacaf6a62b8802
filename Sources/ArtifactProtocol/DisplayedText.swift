// SPDX-License-Identifier: Apache-2.0

extension Unicode.Scalar {
    /// True where a terminal shows it and does nothing else: no control character, none that ends a line or turns the direction
    /// of writing.
    public var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }

    /// The character as a message shows it.
    fileprivate var displayed: String {
        if isPrintable { return String(self) }
        // As terminals and `cat -v` write them. There is no backslash in it, since BuildStream's clients decode those.
        if value < 0x20 || value == 0x7f { return "^" + String(Unicode.Scalar(UInt8(value) ^ 0x40)) }
        let digits = String(value, radix: 16, uppercase: true)
        return "<U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)>"
    }
}

extension String {
    /// The text as a message may show it, wherever it came from: on one line, with `^[`, `^J` or `<U+202E>` for what is not
    /// printable, and cut after `limit` characters. Applying it again changes nothing.
    public func forDisplay(limit: Int = 200) -> String {
        var shown = ""
        var count = 0
        for scalar in unicodeScalars {
            if count == limit { return shown + "..." }
            shown += scalar.displayed
            count += 1
        }
        return shown
    }

    /// A name as the system has it, as a message may show it: likewise, with `<FF>` for bytes that are no UTF-8.
    public init(displaying bytes: some Sequence<UInt8>) {
        self = ""
        let bytes = Array(bytes)
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var place = 0
        while true {
            switch parser.parseScalar(from: &rest) {
            case .valid(let encoded):
                self += Unicode.UTF8.decode(encoded).displayed
                place += encoded.count
            case .error(let length):
                for byte in bytes[place..<place + length] {
                    self += "<\(String(byte, radix: 16, uppercase: true))>"
                }
                place += length
            case .emptyInput: return
            }
        }
    }
}

/// Lines that come in parts, as a terminal may show them: all but line breaks and tabs is printable.
public struct DisplayedLines {
    /// The beginning of a character, or of a line's end.
    private var held: [UInt8] = []

    /// Waits for text.
    public init() {}

    /// Takes a part.
    ///
    /// - Returns: what can be shown of it, and of what was held back before.
    public mutating func take(_ part: some Sequence<UInt8>) -> [UInt8] {
        held += part
        let end = held.count - DisplayedLines.unfinished(held)
        defer { held.removeFirst(end) }
        return DisplayedLines.displayed(held[..<end])
    }

    /// Returns the text that was held back.
    public mutating func end() -> [UInt8] {
        defer { held = [] }
        return DisplayedLines.displayed(held[...])
    }

    /// The number of bytes at the end that may go on in the next part.
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
