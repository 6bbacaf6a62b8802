// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// A recorded message.
@Suite struct RecordedMessageTests {
    private static func read(_ bytes: [UInt8]) throws -> (header: FrameHeader, message: Message) {
        try bytes.withUnsafeBytes { raw in
            let header = try #require(try FrameHeader(reading: raw))
            let body = UnsafeRawBufferPointer(rebasing: raw[FrameHeader.byteCount...])
            return (header, try Message(header: header, body: body))
        }
    }

    @Test func `A recorded message is there in both byte orders and both versions`() {
        for order in ["l", "B"] {
            for version: UInt8 in [0, 1] {
                #expect(RecordedMessage.valid.contains { $0.order == order && $0.version == version })
            }
        }
        #expect(RecordedMessage.invalid.count >= 18)
    }

    @Test(arguments: RecordedMessage.valid)
    func `A recorded message that is valid means what its text says`(recorded: RecordedMessage) throws {
        let (header, message) = try Self.read(recorded.bytes)
        #expect(header.order == recorded.byteOrder)
        #expect(header.version.rawValue == recorded.version)
        #expect(header.bodySize == recorded.bytes.count - FrameHeader.byteCount)
        #expect("\(header.type)".lowercased() == recorded.type)
        #expect(message.type == header.type)
        #expect(message == (try recorded.expected()))
    }

    @Test(arguments: RecordedMessage.valid.filter { !$0.name.contains("unknown-key") })
    func `A recorded message that is valid is written by us with the same bytes`(recorded: RecordedMessage)
        throws
    {
        let version = try #require(recorded.version.flatMap(ProtocolVersion.init(rawValue:)))
        let frame = try recorded.expected().frame(version: version, order: recorded.byteOrder)
        #expect(frame == recorded.bytes)
    }

    @Test func `A recorded message with unknown keys is written by us without them`() throws {
        let recorded = try #require(RecordedMessage.valid.first { $0.name == "info-unknown-key" })
        #expect(try Self.read(recorded.bytes).message == .info(Info(mode: 1)))
    }

    private static let cutShort: Set = ["short-header", "short-body"]

    @Test(arguments: RecordedMessage.invalid.filter { !cutShort.contains($0.name) })
    func `A recorded message that is invalid cannot be read`(recorded: RecordedMessage) {
        let error = #expect(throws: ProtocolError.self) { _ = try Self.read(recorded.bytes) }
        #expect(error?.code == .malformed)
    }

    /// A receiver that waits for just this message.
    private static func receiver(for recorded: RecordedMessage) throws -> ReceiverRun {
        var run = try ReceiverRun(.one, info: Info(mode: 1))
        if recorded.name.hasPrefix("update") {
            try run.feed(Message.info(Info(mode: 2)).frame(version: .one))
        }
        return run
    }

    @Test(arguments: RecordedMessage.invalid.filter { !cutShort.contains($0.name) })
    func `A recorded message that is invalid is refused by a receiver that waits for it, and changes nothing`(
        recorded: RecordedMessage
    ) throws {
        var run = try Self.receiver(for: recorded)
        let before = (events: run.events, output: run.output)
        let error = #expect(throws: ProtocolError.self) { try run.feed(recorded.bytes) }
        #expect(error?.code == .malformed)
        #expect(run.events == before.events)
        #expect(run.output == before.output)
    }

    @Test(arguments: RecordedMessage.invalid.filter { cutShort.contains($0.name) })
    func `A recorded message that is cut short makes a receiver wait, then say that the client went away`(
        recorded: RecordedMessage
    ) throws {
        var run = try Self.receiver(for: recorded)
        try run.feed(recorded.bytes)
        #expect(run.events.isEmpty)
        let error = #expect(throws: ProtocolError.self) { try run.session.inputEnded(in: run.buffer) }
        #expect(error?.code == .truncated)
        #expect(error?.description.contains("in the middle of info") == true)
    }

    @Test(arguments: RecordedMessage.valid)
    func `A recorded message that is for the other version is refused`(recorded: RecordedMessage) throws {
        let other = try #require(ProtocolVersion.allCases.first { $0.rawValue != recorded.version })
        var run = try ReceiverRun(other, info: Info(mode: 1))
        let error = #expect(throws: ProtocolError.self) { try run.feed(recorded.bytes) }
        #expect(error?.code == .malformed)
        #expect(error?.description.contains("--protocol") == true)
    }
}
