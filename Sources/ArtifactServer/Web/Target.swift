// SPDX-License-Identifier: Apache-2.0

/// Where a request leads: a decoded path and the fields of its query.
///
/// It is decoded once. What the path may be is decided by who takes it, all of whom know a list of what there is.
struct Target {
    /// The path, without its first slash.
    var path: String
    private var fields: [String: String] = [:]

    /// Reads a target as it came; nil for one that is none.
    init?(_ text: String) {
        var rest = text[...]
        for scheme in ["http://", "https://"] where rest.hasPrefix(scheme) {
            // What a proxy is asked for must be understood by every server.
            rest = rest.dropFirst(scheme.count).drop { $0 != "/" }
        }
        guard rest.first == "/", !rest.contains("#") else { return nil }
        let parts = rest.dropFirst().split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = Target.decoded(parts[0]), !path.utf8.contains(0) else { return nil }
        self.path = path
        guard parts.count == 2 else { return }
        for field in parts[1].split(separator: "&").prefix(16) {
            let sides = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // A form writes spaces as ‘+’.
            let value = sides.count == 2 ? String(sides[1].map { $0 == "+" ? " " : $0 }) : ""
            if let name = Target.decoded(sides[0]), let value = Target.decoded(value[...]) {
                fields[name] = value
            }
        }
    }

    /// A field of the query; nil where it is missing or empty.
    func field(_ name: String) -> String? {
        fields[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }
}
