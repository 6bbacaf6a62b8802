// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing
import Variants

/// What a receiver tells about detached metadata.
@Suite struct MetadataDigestsTests {
    private static func checksum(_ number: UInt8) -> Checksum {
        [UInt8](repeating: number, count: 32).withUnsafeBytes { Checksum(bytes: $0)! }
    }

    private static func read(_ metadata: Variant, abilities: [String] = ["meta", "want"]) throws -> Message? {
        let body = Variant.dictionary([
            ("mode", Variant.int32(1)), ("refs", .dictionary([(key: String, value: String)]())),
            ("abilities", .array(of: "s", abilities.map(Variant.string))), ("metadata", metadata),
        ]).serialized(order: .little)
        let header = FrameHeader(order: .little, version: .one, type: .info, bodySize: body.count)
        let buffer = StreamBuffer()
        _ = buffer.append(header.bytes + body)
        return try MessageReader(version: .one).next(from: buffer)
    }

    private static func entry(_ commit: Int, _ digests: Int) -> Variant {
        .array(
            of: "(ayay)",
            [.tuple([commit, digests].map { .bytes([UInt8](repeating: 7, count: $0)) })])
    }

    static let malformed: [Variant] = [
        .string("all"), .array(of: "s", []), entry(31, 32), entry(33, 0), entry(0, 32), entry(32, 33),
    ]

    @Test(arguments: malformed.indices)
    func `What is no list of digests is refused from a peer that tells them`(index: Int) throws {
        let value = MetadataDigestsTests.malformed[index]
        #expect(throws: ProtocolError.self) { try MetadataDigestsTests.read(value) }
        // Of other peers, the key means nothing.
        let message = try MetadataDigestsTests.read(value, abilities: ["want"])
        #expect(message?.type == .info)
    }

    @Test(arguments: [false, true])
    func `A receiver tells no more than a message holds, and little of each commit`(large: Bool) throws {
        let refs = (0..<(large ? 30_000 : 400)).map { ("a/\($0)", MetadataDigestsTests.checksum(1)) }
        var info = Info(
            mode: 1,
            refs: Dictionary(
                uniqueKeysWithValues: refs.compactMap { ref in RefName(ref.0).map { ($0, ref.1) } }),
            capabilities: [.largeFrames, .want, .metadata])
        var space = info.spaceForMetadata(large: large)
        let many = Set((0...255).map { MetadataDigestsTests.checksum($0) })
        for number in UInt8.min...UInt8.max {
            info.tellMetadata(of: MetadataDigestsTests.checksum(number), many, space: &space)
        }
        #expect(!info.metadata.isEmpty && (large || info.metadata.count < 256))
        #expect(throws: Never.self) { try Message.info(info).frame(version: .one, large: large) }
        var other = Info(mode: 1)
        space = .max
        other.tellMetadata(
            of: MetadataDigestsTests.checksum(1),
            many.union([try #require(Checksum(hex: String(repeating: "01", count: 31) + "ff"))]),
            space: &space)
        #expect(other.metadata.isEmpty)
    }
}
