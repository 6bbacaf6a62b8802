// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// The records of a pax header that matter here.
///
/// Format: POSIX.1-2017, `pax`, "pax Extended Header": each record is `LENGTH KEY=VALUE\n`, the length counting
/// the whole record.
struct PaxRecords: Equatable, Sendable {
    /// Replaces the member's name.
    var path: String?
    /// Replaces the member's size.
    var size: UInt64?

    /// Parses the records.
    ///
    /// - Throws: `ProtocolError` for damaged records, and for those that turn the member into a link or a sparse
    ///   file.
    init(reading bytes: [UInt8]) throws(ProtocolError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")), space - rest.startIndex <= 9,
                rest[..<space].allSatisfy(\.isASCIIDigit),
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length > space + 1 - rest.startIndex, length <= rest.count,
                rest[rest.startIndex + length - 1] == UInt8(ascii: "\n"),
                let equals = rest[space..<rest.startIndex + length].firstIndex(of: UInt8(ascii: "=")),
                equals > space + 1
            else {
                throw .damagedStream("a pax record is not well formed")
            }
            let key = String(decoding: rest[(space + 1)..<equals], as: UTF8.self)
            let value = String(decoding: rest[(equals + 1)..<(rest.startIndex + length - 1)], as: UTF8.self)
            rest = rest[(rest.startIndex + length)...]
            switch key {
            case "path": path = value
            case "size":
                guard value.utf8.allSatisfy(\.isASCIIDigit), let number = UInt64(value) else {
                    throw .damagedStream("'\(value.forDisplay(limit: 40))' is not a size")
                }
                size = number
            case _ where key == "linkpath" || key.hasPrefix("GNU.sparse."):
                throw ProtocolError(
                    .badObjectStream,
                    "the object stream holds a link or a sparse file (pax record \(key.forDisplay(limit: 40))), and only "
                        + "regular files may be in it")
            default: break
            }
        }
    }
}
