// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// A client.
@Suite struct PushOrderTests {
    /// A point in a conversation.
    struct Point: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var version: ProtocolVersion
        var accepted: [MessageType]
        var due: String
        /// The messages that the client may send.
        var says: [Saying]
        var reach: @Sendable (inout PushStateMachine) throws -> Void
    }

    enum Saying: CaseIterable {
        case begin, update, beginObjects, objectHeader, end, leave

        func say(to session: inout PushStateMachine) throws {
            switch self {
            case .begin: _ = try session.begin(Info(mode: 2))
            case .update: _ = try session.update(SampleMessage.updates)
            case .beginObjects: _ = try session.beginObjects()
            case .objectHeader: _ = try session.objectHeader(SampleMessage.object, size: 0, isLast: true)
            case .end: _ = try session.end()
            case .leave: _ = try session.leave()
            }
        }
    }

    private static func hear(_ session: inout PushStateMachine, _ message: Message) throws {
        let buffer = StreamBuffer()
        _ = buffer.append(try message.frame(version: session.version))
        _ = try session.next(from: buffer)
    }

    private struct Step {
        var name: String
        /// The messages that the receiver may send after it.
        var heard: [MessageType] = []
        /// The answer that is due after it; nil where it ends the exchange.
        var due: String?
        /// The messages that the client may send after it.
        var says: [Saying] = []
        var take: @Sendable (inout PushStateMachine) throws -> Void
    }

    private static let steps: [Step] = [
        Step(name: "waiting for info", heard: [.info], due: "info") {
            if $0.version == .one { try Saying.begin.say(to: &$0) }
        },
        Step(name: "introduced", due: "nothing", says: [.update, .leave]) {
            try hear(&$0, .info(Info(mode: 1)))
        },
        Step(name: "asked for refs", heard: [.status], due: "status") { try Saying.update.say(to: &$0) },
        Step(name: "refs accepted", due: "nothing", says: [.beginObjects, .leave]) {
            try hear(&$0, .status(Status(accepted: true)))
        },
        Step(name: "sending", says: [.objectHeader, .end]) { try Saying.beginObjects.say(to: &$0) },
        Step(name: "an object sent", heard: [.status], says: [.objectHeader, .end]) {
            try Saying.objectHeader.say(to: &$0)
        },
        Step(name: "all sent", heard: [.status, .done]) { try Saying.end.say(to: &$0) },
    ]

    static let points: [Point] = ProtocolVersion.allCases.flatMap { version in
        steps.indices.map { index in
            let step = steps[index]
            // Objects are acknowledged in version 0 only, and the end is in version 1 only.
            let strange: MessageType? = step.due != nil ? nil : version == .one ? .status : .done
            return Point(
                testDescription: "\(step.name), version \(version)", version: version,
                accepted: step.heard.filter { $0 != strange },
                due: step.due ?? (version == .one ? "done" : "status"), says: step.says
            ) { session in
                for step in steps[...index] { try step.take(&session) }
            }
        }
    }

    @Test(arguments: points)
    func `A client refuses every message that has no place, with a sentence naming what was due`(point: Point)
        throws
    {
        for message in SampleMessage.messages(point.version) {
            var session = PushStateMachine(version: point.version)
            try point.reach(&session)
            if point.accepted.contains(message.type) {
                try Self.hear(&session, message)
                continue
            }
            let error = #expect(throws: ProtocolError.self, "\(message.type)") {
                try Self.hear(&session, message)
            }
            #expect(error?.code == .outOfOrder)
            #expect(error?.description.contains("sent \(message.type) where \(point.due) was due") == true)
        }
    }

    @Test(arguments: points)
    func `A client takes a refusal wherever it comes, and then can only leave`(point: Point) throws {
        var session = PushStateMachine(version: point.version)
        try point.reach(&session)
        let buffer = StreamBuffer()
        _ = buffer.append(
            try Message.status(Status(accepted: false, message: "full")).frame(version: point.version))
        #expect(try session.next(from: buffer) == .status(Status(accepted: false, message: "full")))
        try session.inputEnded(in: buffer)
        for saying in Saying.allCases where saying != .leave {
            #expect(throws: ProtocolError.self, "\(saying)") { try saying.say(to: &session) }
        }
        #expect(try !session.leave().isEmpty)
    }

    @Test(arguments: points)
    func `A client says nothing that has no place`(point: Point) throws {
        for saying in Saying.allCases {
            var session = PushStateMachine(version: point.version)
            try point.reach(&session)
            if point.says.contains(saying) {
                try saying.say(to: &session)
                continue
            }
            let error = #expect(throws: ProtocolError.self, "\(saying)") { try saying.say(to: &session) }
            #expect(error?.code == .outOfOrder)
        }
    }
}
