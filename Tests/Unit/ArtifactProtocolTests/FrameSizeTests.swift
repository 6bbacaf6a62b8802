// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// A frame.
@Suite struct FrameSizeTests {
    private static let commit = Checksum(hex: String(repeating: "c", count: 64))!

    /// A name of so many bytes that no other index has.
    private static func name(_ index: Int, length: Int) -> RefName? {
        let number = String(index, radix: 36)
        var text = String(repeating: "0", count: max(0, 6 - number.count)) + number
        while text.utf8.count < length { text += (text.utf8.count + 1) % 200 == 0 ? "/" : "x" }
        return RefName(text.hasSuffix("/") ? text.dropLast() + "y" : text)
    }

    private static func size(_ updates: [RefEdit]) throws -> Int {
        try Message.update(updates).frame(version: .one).count - FrameHeader.byteCount
    }

    @Test(arguments: [1, 2, 3, 7, 50, 200])
    func `A frame takes no more for refs than was reckoned, however many`(count: Int) throws {
        for length in Array(6...60) + [100, 119, 120, 127, 128, 200, 254, 255, 256, 300, 1000, 4000]
        where count * (length + 170) < 65_000 {
            let updates = try (0..<count).map { index in
                RefEdit(
                    try #require(Self.name(index, length: length)), at: index % 2 == 0 ? nil : Self.commit,
                    to: Self.commit)
            }
            let reckoned = updates.reduce(0) { $0 + $1.maximumEncodedSize }
            #expect(try Self.size(updates) <= reckoned, "\(count) names of \(length) bytes")
        }
    }

    @Test(arguments: 1...12)
    func `A frame holds every list of refs that was reckoned to fit`(seed: UInt64) throws {
        var generator = XorShift(seed: seed)
        let lengths = [6...20, 6...250, 40...60, 3900...4000][Int(seed % 4)]
        var (updates, reckoned) = ([RefEdit](), 0)
        while true {
            let name = Self.name(updates.count, length: Int.random(in: lengths, using: &generator))
            let update = RefEdit(try #require(name), from: .mustNotExist, to: Self.commit)
            reckoned += update.maximumEncodedSize
            guard reckoned <= FrameHeader.maximumBodySize else { break }
            updates.append(update)
        }
        let size = try Self.size(updates)
        #expect(size > FrameHeader.maximumBodySize * 8 / 10 && size <= FrameHeader.maximumBodySize)
        var run = try ReceiverRun(.one, info: Info(mode: 1))
        try run.feed(Message.info(Info(mode: 2)).frame(version: .one))
        try run.feed(Message.update(updates).frame(version: .one))
        #expect(run.events.last == .update(updates))
    }

    @Test(arguments: ProtocolVersion.allCases)
    func `A frame of exactly 65,535 bytes goes through; one byte more is too large`(version: ProtocolVersion)
        throws
    {
        // Key, padding, flag, its type; key, text, its type; and the offsets of 4 bytes each in so large a body.
        var length = 65_535 - 48
        func frame() throws -> [UInt8] {
            try Message.status(Status(accepted: true, message: String(repeating: "m", count: length)))
                .frame(version: version)
        }
        while try frame().count < FrameHeader.byteCount + FrameHeader.maximumBodySize { length += 1 }
        let largest = try frame()
        #expect(largest.count == StreamBuffer.minimumCapacity)
        let header = try #require(try largest.withUnsafeBytes { try FrameHeader(reading: $0) })
        #expect(header.bodySize == 65_535)
        length += 1
        let error = #expect(throws: ProtocolError.self) { try frame() }
        #expect(error?.code == .tooLarge)
    }

    @Test func `A frame that is too large is refused for every message that can be`() throws {
        let updates = try (0..<600).map { index in
            RefEdit(try #require(Self.name(index, length: 60)), from: .mustNotExist, to: Self.commit)
        }
        let refs = Dictionary(uniqueKeysWithValues: updates.map { ($0.ref, Self.commit) })
        for message in [
            Message.update(updates), .info(Info(mode: 1, refs: refs)),
            .info(Info(mode: 1, pullURL: String(repeating: "u", count: 70_000))),
            .putObject(ObjectAnnouncement(fileName: String(repeating: "n", count: 70_000), size: 1)),
            .status(Status(accepted: false, message: String(repeating: "é", count: 40_000))),
        ] {
            let error = #expect(throws: ProtocolError.self) { try message.frame(version: .zero) }
            #expect(error?.code == .tooLarge)
            #expect(error?.description.contains("\(message.type)") == true)
        }
    }

    @Test
    func `A frame is never believed before its header is complete, and refused at the first wrong byte`()
        throws
    {
        func read(_ bytes: [UInt8]) throws -> FrameHeader? {
            try bytes.withUnsafeBytes { try FrameHeader(reading: $0) }
        }
        for count in 0..<5 { #expect(try read(Array([0x6c, 1, 0, 4, 2].prefix(count))) == nil) }
        #expect(try read([0x6c, 1, 0, 4, 2])?.bodySize == 0x204)
        #expect(try read([0x42, 0, 4, 4, 2])?.bodySize == 0x402)
        for byte in UInt8.min...UInt8.max {
            if byte != 0x6c, byte != 0x42 { #expect(throws: ProtocolError.self) { try read([byte]) } }
            if byte > 1 { #expect(throws: ProtocolError.self) { try read([0x6c, byte]) } }
            if byte > 13 { #expect(throws: ProtocolError.self) { try read([0x6c, 1, byte]) } }
            if byte > 4 { #expect(throws: ProtocolError.self) { try read([0x6c, 0, byte]) } }
        }
    }
}
