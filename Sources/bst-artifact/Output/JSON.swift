// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A JSON value (RFC 8259), written on one line. Members keep their order.
enum JSON: ExpressibleByDictionaryLiteral {
    case null
    case bool(Bool)
    case number(Int)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])

    init(dictionaryLiteral members: (String, JSON)...) { self = .object(members) }

    /// Creates a string from a value's description; null for nil.
    init(_ value: (some CustomStringConvertible)?) { self = value.map { .string("\($0)") } ?? .null }
    init(_ value: Bool) { self = .bool(value) }
    init(_ value: some BinaryInteger) { self = .number(Int(clamping: value)) }
    init(_ value: (some BinaryInteger)?) { self = value.map { JSON($0) } ?? .null }
    init(_ values: [some CustomStringConvertible]) { self = .array(values.map { .string("\($0)") }) }

    /// The JSON text, without line breaks.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): "\(value)"
        case .string(let value): JSON.quoted(value)
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\(JSON.quoted($0)):\($1.text)" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            // Includes Unicode's line separators and terminals' control sequences.
            case _ where !scalar.isPrintable:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
