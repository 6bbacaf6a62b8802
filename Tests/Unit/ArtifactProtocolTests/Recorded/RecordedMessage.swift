// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import Testing
import Variants

/// A single message of `messages.json`.
struct RecordedMessage: Decodable, Sendable, CustomTestStringConvertible {
    var name: String
    /// The whole frame.
    var hex: String
    /// The type as the protocol's description calls it; valid messages only.
    var type: String?
    /// The body in GVariant's text format; valid messages only.
    var text: String?
    var order: String?
    var version: UInt8?

    private struct Lists: Decodable {
        var valid: [RecordedMessage]
        var invalid: [RecordedMessage]
    }

    private static let lists: Lists? = (try? ConformanceDirectory.read("messages.json")).flatMap {
        try? JSONDecoder().decode(Lists.self, from: Data($0))
    }

    static var valid: [RecordedMessage] { lists?.valid ?? [] }
    static var invalid: [RecordedMessage] { lists?.invalid ?? [] }

    var testDescription: String { name }

    var bytes: [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { offset in
            UInt8(hex.dropFirst(offset).prefix(2), radix: 16)
        }
    }

    var byteOrder: ByteOrder { order == "B" ? .big : .little }

    /// The message that `text` describes, read without the code under test.
    func expected() throws -> Message {
        let text = try #require(text)
        switch try #require(type) {
        case "info": return .info(try expectedInfo(text))
        case "update":
            return .update(
                try text.matches(of: /'([^']+)': <\('([0-9a-f]{64})', '([0-9a-f]{64})'\)>/).map { match in
                    let isNone = match.2.allSatisfy { $0 == "0" }
                    let old = isNone ? nil : try checksum(match.2)
                    let new: Checksum = try #require(Checksum(hex: match.3))
                    return RefEdit(try #require(RefName(match.1)), at: old, to: new)
                })
        case "putobjects":
            guard let match = text.firstMatch(of: /'object': <'([^']+)'>, 'size': <uint64 (\d+)>/) else {
                return .putObjects
            }
            return .putObject(
                ObjectAnnouncement(fileName: String(match.1), size: try #require(UInt64(match.2))))
        case "status":
            let match = try #require(text.firstMatch(of: /'result': <(true|false)>, 'message': <'(.*)'>/))
            return .status(Status(accepted: match.1 == "true", message: String(match.2)))
        default:
            #expect(text == "@a{sv} {}")
            return .done
        }
    }

    private func checksum(_ hex: Substring) throws -> Checksum {
        try #require(Checksum(hex: hex))
    }

    private func expectedInfo(_ text: String) throws -> Info {
        var info = Info(mode: try #require(Int32(text.firstMatch(of: /'mode': <(\d+)>/)?.1 ?? "")))
        for match in text.matches(of: /'([^']+)': '([0-9a-f]{64})'/) {
            info.refs[try #require(RefName(match.1))] = try checksum(match.2)
        }
        info.pullURL = text.firstMatch(of: /'pull_url': <'([^']*)'>/).map { String($0.1) }
        return info
    }
}
