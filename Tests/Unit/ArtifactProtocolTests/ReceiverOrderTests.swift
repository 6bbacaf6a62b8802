// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// A receiver.
@Suite struct ReceiverOrderTests {
    /// A point in a conversation.
    struct Point: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var version: ProtocolVersion
        var accepted: [MessageType]
        var due: String
        var reach: @Sendable (inout ReceiveStateMachine, StreamBuffer) throws -> Void
    }

    private static func hear(
        _ session: inout ReceiveStateMachine, _ buffer: StreamBuffer, _ message: Message
    ) throws {
        _ = buffer.append(try message.frame(version: session.version))
        _ = try session.next(from: buffer)
    }

    private static func introduce(_ session: inout ReceiveStateMachine, _ buffer: StreamBuffer) throws {
        if session.version == .one { try hear(&session, buffer, .info(Info(mode: 2))) }
        _ = try session.reply(info: Info(mode: 1))
    }

    private static func decide(
        _ session: inout ReceiveStateMachine, _ buffer: StreamBuffer, _ accepted: Bool
    ) throws {
        try introduce(&session, buffer)
        try hear(&session, buffer, .update(SampleMessage.updates))
        _ = try session.reply(status: Status(accepted: accepted, message: accepted ? "" : "no"))
    }

    private static let common: [Point] = ProtocolVersion.allCases.flatMap { version in
        [
            Point(
                testDescription: "introduced, version \(version)", version: version,
                accepted: [.update, .done], due: "update", reach: introduce),
            Point(
                testDescription: "asked for refs, version \(version)", version: version, accepted: [],
                due: "update"
            ) { session, buffer in
                try introduce(&session, buffer)
                try hear(&session, buffer, .update(SampleMessage.updates))
            },
            Point(
                testDescription: "refs refused, version \(version)", version: version, accepted: [.done],
                due: "done", reach: { try decide(&$0, $1, false) }),
            Point(
                testDescription: "refs accepted, version \(version)", version: version,
                accepted: [.putObjects, .done], due: "putobjects or done",
                reach: { try decide(&$0, $1, true) }),
        ]
    }

    static let points: [Point] =
        common + [
            Point(
                testDescription: "beginning, version 1", version: .one, accepted: [.info, .done], due: "info",
                reach: { _, _ in }),
            Point(
                testDescription: "beginning, version 0", version: .zero, accepted: [], due: "info",
                reach: { _, _ in }),
            Point(testDescription: "heard info", version: .one, accepted: [], due: "info") {
                session, buffer in try hear(&session, buffer, .info(Info(mode: 2)))
            },
            Point(testDescription: "objects are complete", version: .one, accepted: [.done], due: "done") {
                session, buffer in
                try decide(&session, buffer, true)
                try hear(&session, buffer, .putObjects)
                _ = buffer.append([UInt8](repeating: 0, count: 10_240))
                _ = try session.next(from: buffer)
            },
            Point(testDescription: "an object is complete", version: .zero, accepted: [], due: "done") {
                session, buffer in
                try decide(&session, buffer, true)
                try hear(&session, buffer, SampleMessage.messages(.zero)[2])
                _ = try session.next(from: buffer)
            },
        ]

    @Test(arguments: points)
    func `A receiver refuses every message that has no place, with a sentence naming what was due`(
        point: Point
    ) throws {
        for message in SampleMessage.messages(point.version) {
            var session = ReceiveStateMachine(version: point.version)
            let buffer = StreamBuffer()
            try point.reach(&session, buffer)
            #expect(buffer.readable.isEmpty)
            _ = buffer.append(try message.frame(version: point.version))
            if point.accepted.contains(message.type) {
                _ = try session.next(from: buffer)
                continue
            }
            let error = #expect(throws: ProtocolError.self, "\(message.type)") {
                _ = try session.next(from: buffer)
            }
            #expect(error?.code == .outOfOrder)
            #expect(error?.description.contains("sent \(message.type) where ") == true)
            #expect(error?.description.contains(point.due) == true, "\(error?.description ?? "")")
        }
    }

    @Test(arguments: points)
    func `A receiver refuses every answer of ours that nobody waits for`(point: Point) throws {
        let isOwing = point.accepted.isEmpty
        var session = ReceiveStateMachine(version: point.version)
        try point.reach(&session, StreamBuffer())
        if !isOwing || point.due != "info" {
            let error = #expect(throws: ProtocolError.self) { _ = try session.reply(info: Info(mode: 1)) }
            #expect(error?.code == .outOfOrder)
        }
        if !isOwing || point.due != "update" {
            let error = #expect(throws: ProtocolError.self) {
                _ = try session.reply(status: Status(accepted: true))
            }
            #expect(error?.code == .outOfOrder)
        }
        let error = #expect(throws: ProtocolError.self) { _ = try session.finish() }
        #expect(error?.code == .outOfOrder)
    }

    @Test(arguments: points)
    func `A receiver hears nothing more once it refused the push as a whole`(point: Point) throws {
        var session = ReceiveStateMachine(version: point.version)
        let buffer = StreamBuffer()
        try point.reach(&session, buffer)
        let reason = String(repeating: "long\n", count: 100_000)
        let words = session.refusal(reason)
        #expect(words.count < FrameHeader.maximumBodySize)
        #expect(words.starts(with: [UInt8(ascii: "l"), point.version.rawValue, MessageType.status.rawValue]))
        _ = buffer.append(try Message.done.frame(version: point.version))
        #expect(try session.next(from: buffer) == nil)
        try session.inputEnded(in: buffer)
    }
}
