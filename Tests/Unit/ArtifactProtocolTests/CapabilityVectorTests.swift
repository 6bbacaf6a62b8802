// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import Testing

/// The test vectors of the protocol's description.
@Suite struct CapabilityVectorTests {
    private static let checksum = (0..<32).map { UInt8($0) }.withUnsafeBytes { Checksum(bytes: $0) }!

    /// The bytes of each block ```vector NAME.
    private static let vectors: [String: [UInt8]] = {
        let page = URL(filePath: #filePath).appending(path: "../../../../docs/PROTOCOL.md").standardized
        let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
        var result: [String: [UInt8]] = [:]
        for block in text.components(separatedBy: "```vector ").dropFirst() {
            let name = String(block.prefix { !$0.isNewline })
            let body = block.components(separatedBy: "```")[0].dropFirst(name.count)
            result[name] = body.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0, radix: 16) }
        }
        return result
    }()

    static let messages: [(String, Message)] = [
        ("want", .want(requests([ObjectName(checksum, .file), ObjectName(checksum, .commit)]))),
        (
            "want-rest",
            .want([WantedObject(ObjectName(checksum, .file), from: ResumePoint(offset: 258, size: 770))])
        ),
        ("rest", .object(ObjectAnswer(ObjectName(checksum, .file), .rest(512)))),
        ("want-nothing", .want([])),
        ("object", .object(ObjectAnswer(ObjectName(checksum, .file), size: 258))),
        ("object-absent", .object(ObjectAnswer(ObjectName(checksum, .commitmeta), size: nil))),
        ("ahead", .ahead(ObjectAnswer(ObjectName(checksum, .dirtree), .bytes(258)))),
        ("ahead-end", .ahead(nil)),
        ("object-sent-ahead", .object(ObjectAnswer(ObjectName(checksum, .dirtree), .sentAhead))),
        ("list", .list(RefQuery(patterns: ["a/*"], hasDetails: true))),
        ("refs", .refs([ListedRef(RefName("a")!, checksum, commitSize: 258, timestamp: 1)])),
        ("results", .results([RefEditResult(RefName("a")!, .moved, from: nil, to: checksum)])),
        ("progress", .progress(activity: "publishing")),
        ("delete", .delete([RefEdit(RefName("a")!, from: .mustMatch(checksum), to: nil)])),
        ("info", .info(Info(mode: 1, capabilities: [.largeFrames, .want]))),
        ("info-metadata", .info(telling)),
        ("info-fills-history", .info(history { $0.fillsHistory = true })),
        ("info-similar", .info(resembling)),
        ("info-history-ends", .info(history { $0.historyEnds = [RefName("a")!: checksum] })),
    ]

    private static let telling: Info = {
        var info = Info(mode: 1, capabilities: [.want, .metadata])
        info.metadata = [checksum: [checksum]]
        return info
    }()

    private static let resembling: Info = {
        var info = Info(mode: 1, capabilities: [.ahead, .want])
        info.similar = [checksum]
        return info
    }()

    private static func history(_ change: (inout Info) -> Void) -> Info {
        var info = Info(mode: 1, capabilities: [.history, .want])
        change(&info)
        return info
    }

    @Test(arguments: messages)
    func `The protocol's test vectors are what is written, and are read as what they stand for`(
        _ name: String, _ message: Message
    ) throws {
        let written = try message.frame(version: .one, order: .little)
        let hex = written.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        #expect(CapabilityVectorTests.vectors[name] == written, "\(hex)")
        let buffer = StreamBuffer()
        _ = buffer.append(written)
        #expect(try MessageReader(version: .one).next(from: buffer) == message)
        #expect(buffer.readable.isEmpty)
    }

    @Test func `The protocol's test vectors are all there are`() {
        #expect(Set(CapabilityVectorTests.vectors.keys) == Set(CapabilityVectorTests.messages.map(\.0)))
    }
}
