// SPDX-License-Identifier: Apache-2.0

import TextCoding

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
        let pairs = fields.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
        return "?" + pairs.joined(separator: "&amp;")
    }
}
