// SPDX-License-Identifier: Apache-2.0

extension Unicode.Scalar {
    /// True for characters that a terminal only shows: no controls, line separators or changes of the writing
    /// direction.
    public var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }

    /// The character in the form for messages.
    fileprivate var displayed: String {
        if isPrintable { return String(self) }
        // The notation of `cat -v`. It has no backslash, since BuildStream's clients decode those.
        if value < 0x20 || value == 0x7f { return "^" + String(Unicode.Scalar(UInt8(value) ^ 0x40)) }
        let digits = String(value, radix: 16, uppercase: true)
        return "<U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)>"
    }
}

extension String {
    /// Returns the text in the form for messages, wherever it came from: on one line, with `^[`, `^J` or `<U+202E>` for
    /// unprintable characters, and cut after `limit` characters. Applying it again changes nothing.
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

    /// Decodes bytes, such as a file name, to the form for messages, with `<FF>` for bytes that are not UTF-8.
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
