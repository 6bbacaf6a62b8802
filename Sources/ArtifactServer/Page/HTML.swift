// SPDX-License-Identifier: Apache-2.0

/// Escaping of text for the page.
enum HTML {
    /// Escapes text for elements and quoted attributes.
    static func escaped(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Returns a query, `?name=value&...`, escaped for an attribute. Fields without a value are left out.
    static func query(_ fields: [(name: String, value: String?)]) -> String {
        let pairs = fields.compactMap { name, value in value.map { "\(name)=\(encoded($0))" } }
        return "?" + pairs.joined(separator: "&amp;")
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                String(Unicode.Scalar(byte))
            default: "%" + Hexadecimal.text([byte])
            }
        }.joined()
    }
}
