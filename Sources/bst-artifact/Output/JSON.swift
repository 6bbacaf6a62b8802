// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A JSON value (RFC 8259), written on one line. Members keep their order.
enum JSON: ExpressibleByDictionaryLiteral {
    case null
    case bool(Bool)
    case number(Int)
    case string(String)
    case array([JSON])
    /// A long array, whose elements are made when they are written, since they take ten times the memory of what they show.
    case list(AnySequence<JSON>)
    case object([(String, JSON)])

    init(dictionaryLiteral members: (String, JSON)...) { self = .object(members) }

    /// Creates a string from a value's description; null for nil.
    init(_ value: (some CustomStringConvertible)?) { self = value.map { .string("\($0)") } ?? .null }
    init(_ value: Bool) { self = .bool(value) }
    init(_ value: some BinaryInteger) { self = .number(Int(clamping: value)) }
    init(_ value: (some BinaryInteger)?) { self = value.map { JSON($0) } ?? .null }
    init(_ values: [some CustomStringConvertible]) { self = .array(values.map { .string("\($0)") }) }

    /// Creates a long array of what a function makes of the elements of another.
    init<Element>(_ elements: [Element], _ transform: @escaping (Element) -> JSON) {
        self = .list(AnySequence(elements.lazy.map(transform)))
    }

    /// The JSON text, without line breaks.
    var text: String {
        var text = ""
        write { text += $0 }
        return text
    }

    /// Passes the JSON text on in pieces, the elements of lists one at a time.
    func write(_ put: (String) -> Void) {
        switch self {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .number(let value): put("\(value)")
        case .string(let value): put(JSON.quoted(value))
        case .array(let values): JSON.write(values, put)
        case .list(let values): JSON.write(values, put)
        case .object(let members):
            put("{")
            for (index, member) in members.enumerated() {
                put("\(index == 0 ? "" : ",")\(JSON.quoted(member.0)):")
                member.1.write(put)
            }
            put("}")
        }
    }

    private static func write(_ values: some Sequence<JSON>, _ put: (String) -> Void) {
        put("[")
        for (index, value) in values.enumerated() {
            if index > 0 { put(",") }
            value.write(put)
        }
        put("]")
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
