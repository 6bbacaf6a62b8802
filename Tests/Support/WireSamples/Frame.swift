// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// One message as it is written to and read from a receiver.
package struct Frame: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        case info, update, putObjects, status, done, want, object, results, progress
    }

    package let kind: Kind
    package let version: UInt8
    package let body: [UInt8]

    /// No commit.
    package static let nothing = String(repeating: "0", count: 64)

    package static func make(_ kind: Kind, _ version: UInt8, _ entries: [(String, WireValue)]) -> [UInt8] {
        let body = WireValue.body(entries)
        return [UInt8(ascii: "l"), version, kind.rawValue, UInt8(body.count & 0xff), UInt8(body.count >> 8)]
            + body
    }

    package static func info(_ refs: [(String, String)] = [], capabilities: [String]? = nil) -> [UInt8] {
        let more = capabilities.map { [("abilities", WireValue.strings($0))] } ?? []
        return make(.info, 1, [("mode", .int32(1)), ("refs", .names(refs))] + more)
    }

    /// The answer of a receiver that accepts.
    public static let accepted = make(.status, 1, [("result", .boolean(true)), ("message", .string(""))])

    /// Each ref with the old commit and the new one.
    package static func update(_ refs: [(String, String, String)], version: UInt8 = 1) -> [UInt8] {
        make(.update, version, refs.map { ($0.0, .pair($0.1, $0.2)) })
    }

    package static let putObjects = make(.putObjects, 1, [])

    package static func object(_ name: String, _ content: [UInt8]) -> [UInt8] {
        make(.putObjects, 0, [("object", .string(name)), ("size", .uint64(UInt64(content.count)))]) + content
    }

    package static func done(version: UInt8 = 1) -> [UInt8] { make(.done, version, []) }

    /// Reads everything that a receiver wrote; throws where that is not frames only.
    package static func parse(_ bytes: [UInt8]) throws -> [Frame] {
        var frames: [Frame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let header = Array(rest.prefix(5))
            guard header.count == 5, header[0] == UInt8(ascii: "l"), let kind = Kind(rawValue: header[2])
            else {
                throw TestSupportError("no frame begins with \(header)")
            }
            let size = Int(header[3]) | Int(header[4]) << 8
            rest = rest.dropFirst(5)
            guard rest.count >= size else { throw TestSupportError("a frame of \(size) bytes is cut off") }
            frames.append(Frame(kind: kind, version: header[1], body: Array(rest.prefix(size))))
            rest = rest.dropFirst(size)
        }
        return frames
    }

    /// Returns true if a text is somewhere in the body, as a whole string.
    package func holds(_ text: String) -> Bool {
        String(decoding: body, as: UTF8.self).contains(text)
    }
}
