// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// One message as it is written to and read from a receiver.
struct Frame: Equatable {
    enum Kind: UInt8 { case info, update, putObjects, status, done }

    let kind: Kind
    let version: UInt8
    let body: [UInt8]

    /// No commit.
    static let nothing = String(repeating: "0", count: 64)

    private static func make(_ kind: Kind, _ version: UInt8, _ entries: [(String, WireValue)]) -> [UInt8] {
        let body = WireValue.body(entries)
        return [UInt8(ascii: "l"), version, kind.rawValue, UInt8(body.count & 0xff), UInt8(body.count >> 8)]
            + body
    }

    static func info(_ refs: [(String, String)] = []) -> [UInt8] {
        make(.info, 1, [("mode", .int32(1)), ("refs", .names(refs))])
    }

    static let accepted = make(.status, 1, [("result", .boolean(true)), ("message", .string(""))])

    /// Each ref with the old commit and the new one.
    static func update(_ refs: [(String, String, String)], version: UInt8 = 1) -> [UInt8] {
        make(.update, version, refs.map { ($0.0, .pair($0.1, $0.2)) })
    }

    static let putObjects = make(.putObjects, 1, [])

    static func object(_ name: String, _ content: [UInt8]) -> [UInt8] {
        make(.putObjects, 0, [("object", .string(name)), ("size", .uint64(UInt64(content.count)))]) + content
    }

    static func done(version: UInt8 = 1) -> [UInt8] { make(.done, version, []) }

    /// Reads everything that a receiver wrote; throws where that is not frames only.
    static func parse(_ bytes: [UInt8]) throws -> [Frame] {
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

    /// Whether a text is somewhere in the body, as a whole string.
    func holds(_ text: String) -> Bool {
        String(decoding: body, as: UTF8.self).contains(text)
    }
}
