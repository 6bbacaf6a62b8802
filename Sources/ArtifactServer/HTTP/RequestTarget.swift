// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// A request target, decoded once: a path and the fields of its query.
///
/// Any path is accepted here. Routes and `ServedFile` accept only those that they know.
struct RequestTarget {
    /// The decoded path without its leading slash.
    var path: String
    private var fields: [String: String] = [:]

    /// Parses a target; nil if it is malformed.
    init?(_ text: String) {
        var rest = text[...]
        for scheme in ["http://", "https://"] where rest.hasPrefix(scheme) {
            // RFC 9112 has every server accept the absolute form, which is meant for proxies.
            rest = rest.dropFirst(scheme.count).drop { $0 != "/" }
        }
        guard rest.first == "/", !rest.contains("#") else { return nil }
        let parts = rest.dropFirst().split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = RequestTarget.decoded(parts[0]), !path.utf8.contains(0) else { return nil }
        self.path = path
        guard parts.count == 2 else { return }
        for field in parts[1].split(separator: "&").prefix(16) {
            let sides = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // HTML forms encode a space as '+'.
            let value = sides.count == 2 ? String(sides[1].map { $0 == "+" ? " " : $0 }) : ""
            if let name = RequestTarget.decoded(sides[0]), let value = RequestTarget.decoded(value[...]) {
                fields[name] = value
            }
        }
    }

    /// Returns a field of the query; nil if it is missing or empty.
    func field(_ name: String) -> String? {
        fields[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func decoded(_ text: Substring) -> String? {
        PercentEncoding.decode(text.utf8).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
