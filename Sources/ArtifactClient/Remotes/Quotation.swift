// SPDX-License-Identifier: Apache-2.0

/// Text from outside as it may stand in a message.
enum Quotation {
    /// Long enough for any host, key or path that a person wrote.
    private static let longest = 200

    /// `text` on one line: control and invisible formatting characters as `\u{…}`, what is very long cut short.
    static func escaped(_ text: String) -> String {
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == longest { return result + "..." }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// `text` escaped and in single quotation marks.
    static func quoted(_ text: String) -> String {
        "'" + escaped(text) + "'"
    }
}
