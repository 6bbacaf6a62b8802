// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// Both sides of a pull, and of a push whose objects come before they are asked for, without anything between them.
@Suite struct PullStateMachineTests {
    private static func name(_ number: UInt8, _ type: ObjectType = .file) -> ObjectName {
        ObjectName([UInt8](repeating: number, count: 32).withUnsafeBytes { Checksum(bytes: $0) }!, type)
    }

    private struct Pair {
        var client = PullStateMachine()
        var receiver = ReceiveStateMachine(version: .one)
        let toClient = StreamBuffer()
        let toReceiver = StreamBuffer()

        /// Speaks until the client is introduced.
        init(
            client theirs: Set<Capability> = Capability.ofPullingClients,
            receiver ours: Set<Capability> = Capability.standard
        ) throws {
            try say(client.begin(Info(mode: 1, capabilities: theirs)))
            guard case .info(let info) = try receiver.next(from: toReceiver) else {
                throw ProtocolError(.malformed, "no info")
            }
            try answer(
                receiver.reply(info: Info(mode: 1, capabilities: info.capabilities.intersection(ours))))
            guard case .info = try client.next(from: toClient) else {
                throw ProtocolError(.malformed, "no info")
            }
        }

        func say(_ bytes: [UInt8]) { #expect(toReceiver.append(bytes) == bytes.count) }
        func answer(_ bytes: [UInt8]) { #expect(toClient.append(bytes) == bytes.count) }

        /// The client's next answers in words.
        mutating func heard() throws -> [String] {
            var words: [String] = []
            while let answer = try client.next(from: toClient) {
                switch answer {
                case .objectBegins(let name, let size): words.append("begins \(name.type) \(size)")
                case .objectContinues(let name, let point):
                    words.append("continues \(name.type) \(point.offset)")
                case .aheadBegins(let name, let size): words.append("ahead \(name.type) \(size)")
                case .objectBytes(let bytes): words.append("bytes \(bytes.count)")
                case .objectEnds: words.append("ends")
                case .objectAbsent(let name): words.append("absent \(name.type)")
                case .objectSentAhead(let name): words.append("sent \(name.type)")
                case .refs(let refs): words.append("refs \(refs.map(\.ref.text))")
                case .status(let status): words.append("status \(status.accepted)")
                case .info: words.append("info")
                }
            }
            return words
        }
    }

    @Test func `Objects come in order, those that nobody asked for between them`() throws {
        var pair = try Pair()
        let (tree, file, metadata) = (
            Self.name(1, .dirtree), Self.name(2), Self.name(3, .commitmeta)
        )
        pair.say(try pair.client.want(requests([tree, metadata])))
        guard case .requested(requests([tree, metadata])) = try pair.receiver.next(from: pair.toReceiver)
        else {
            throw ProtocolError(.malformed, "nothing requested")
        }
        pair.answer(try pair.receiver.ahead(ObjectAnswer(file, .bytes(2))) + [1, 2])
        pair.answer(try pair.receiver.object(ObjectAnswer(tree, .bytes(1))) + [3])
        pair.answer(try pair.receiver.object(ObjectAnswer(metadata, .absent)))
        // Its request was on its way.
        pair.say(try pair.client.want(requests([file])))
        _ = try pair.receiver.next(from: pair.toReceiver)
        pair.answer(try pair.receiver.object(ObjectAnswer(file, .sentAhead)))
        #expect(
            try pair.heard() == [
                "ahead file 2", "bytes 2", "ends", "begins dirtree 1", "bytes 1", "ends", "absent commitmeta",
                "sent file",
            ])
        #expect(pair.client.isSettled)
        pair.say(try pair.client.leave())
        guard case .leave = try pair.receiver.next(from: pair.toReceiver) else {
            throw ProtocolError(.malformed, "the client does not leave")
        }
    }

    @Test func `Refs come in as many parts as it takes, before objects and never after`() throws {
        var pair = try Pair()
        for _ in 0..<2 {
            pair.say(try pair.client.list(RefQuery(patterns: ["*"])))
            guard case .list(let query) = try pair.receiver.next(from: pair.toReceiver) else {
                throw ProtocolError(.malformed, "no list")
            }
            #expect(query == RefQuery(patterns: ["*"]))
            pair.answer(try pair.receiver.refs([ListedRef(RefName("a")!, Self.name(1).checksum)]))
            pair.answer(try pair.receiver.refs([ListedRef(RefName("b")!, Self.name(1).checksum)]))
            pair.answer(try pair.receiver.refs([]))
            #expect(try pair.heard() == ["refs [\"a\"]", "refs [\"b\"]", "refs []"])
        }
        pair.say(try pair.client.want(requests([Self.name(1)])))
        #expect(throws: ProtocolError.self) { try pair.client.list(RefQuery()) }
        #expect(!pair.client.mayAsk)
    }

    @Test func `Without the capability nothing can be asked for`() throws {
        var pair = try Pair(receiver: [.largeFrames, .want, .ahead])
        #expect(throws: ProtocolError.self) { try pair.client.want(requests([Self.name(1)])) }
        #expect(throws: ProtocolError.self) { try pair.client.list(RefQuery()) }
        pair.say(try Message.want(requests([Self.name(1)])).frame(version: .one))
        #expect(throws: ProtocolError.self) { try pair.receiver.next(from: pair.toReceiver) }
    }

    @Test func `A receiver that sends what is not due is found out`() throws {
        let wrong: [Message] = [
            .object(ObjectAnswer(Self.name(7), .bytes(1))), .want([]), .ahead(nil),
            .ahead(ObjectAnswer(Self.name(7), .sentAhead)), .done, .refs([]),
            .status(Status(accepted: true)), .putObjects,
        ]
        for message in wrong {
            var pair = try Pair()
            pair.say(try pair.client.want(requests([Self.name(1)])))
            pair.answer(try message.frame(version: .one))
            #expect(throws: ProtocolError.self, "\(message)") { try pair.client.next(from: pair.toClient) }
        }
        var pair = try Pair(receiver: [.largeFrames, .pull])
        pair.say(try pair.client.want(requests([Self.name(1)])))
        pair.answer(try Message.ahead(ObjectAnswer(Self.name(7), .bytes(1))).frame(version: .one))
        #expect(throws: ProtocolError.self) { try pair.client.next(from: pair.toClient) }
    }

    @Test func `No more than the limit is asked for at a time`() throws {
        var pair = try Pair()
        let names = (0..<ReceiveStateMachine.wantLimit).map { Self.name(UInt8($0 % 251)) }
        pair.say(try pair.client.want(requests(names)))
        #expect(throws: ProtocolError.self) { try pair.client.want(requests([Self.name(252)])) }
        _ = try pair.receiver.next(from: pair.toReceiver)
        pair.say(try Message.want(requests([Self.name(252)])).frame(version: .one))
        #expect(throws: ProtocolError.self) { try pair.receiver.next(from: pair.toReceiver) }
    }

    @Test func `What comes ahead of a push that is refused is skipped`() throws {
        var receiver = ReceiveStateMachine(version: .one)
        let buffer = StreamBuffer()
        func say(_ message: Message, _ bytes: [UInt8] = []) throws {
            let frame = try message.frame(version: .one) + bytes
            #expect(buffer.append(frame) == frame.count)
        }
        try say(.info(Info(mode: 1, capabilities: [.want, .ahead])))
        _ = try receiver.next(from: buffer)
        _ = try receiver.reply(info: Info(mode: 1, capabilities: [.want, .ahead]))
        try say(.update([RefEdit(RefName("a")!, from: .mustNotExist, to: Self.name(9).checksum)]))
        try say(.ahead(ObjectAnswer(Self.name(1), .bytes(3))), [1, 2, 3])
        try say(.ahead(ObjectAnswer(Self.name(1, .commitmeta), .absent)))
        try say(.ahead(nil))
        try say(.done)
        _ = try receiver.next(from: buffer)
        _ = try receiver.reply(status: Status(accepted: false, message: "no"))
        guard case .leave = try receiver.next(from: buffer) else {
            throw ProtocolError(.malformed, "the client does not leave")
        }
        #expect(buffer.readable.isEmpty)
    }
}
