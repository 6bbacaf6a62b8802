// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// Both sides of a conversation with `Capability.want`, without anything between them.
@Suite struct WantTests {
    private static func name(_ number: UInt8, _ type: ObjectType = .file) -> ObjectName {
        ObjectName([UInt8](repeating: number, count: 32).withUnsafeBytes { Checksum(bytes: $0) }!, type)
    }

    private struct Pair {
        var client = PushStateMachine(version: .one)
        var receiver = ReceiveStateMachine(version: .one)
        let toClient = StreamBuffer()
        let toReceiver = StreamBuffer()

        /// Speaks until refs are accepted.
        init(
            client theirs: Set<Capability> = Set(Capability.allCases),
            receiver ours: Set<Capability> = Set(Capability.allCases)
        ) throws {
            try say(client.begin(Info(mode: 1, capabilities: theirs)))
            guard case .info(let info) = try receiver.next(from: toReceiver) else {
                throw ProtocolError(.malformed, "no info")
            }
            try answer(
                receiver.reply(info: Info(mode: 1, capabilities: info.capabilities.intersection(ours))))
            _ = try client.next(from: toClient)
        }

        mutating func update() throws {
            try say(client.update([RefEdit(RefName("a")!, from: .mustNotExist, to: name(9).checksum)]))
            _ = try receiver.next(from: toReceiver)
            try answer(receiver.reply(status: Status(accepted: true)))
            _ = try client.next(from: toClient)
        }

        func say(_ bytes: [UInt8]) { #expect(toReceiver.append(bytes) == bytes.count) }
        func answer(_ bytes: [UInt8]) { #expect(toClient.append(bytes) == bytes.count) }
    }

    @Test(arguments: [false, true])
    func `A receiver that asks gets what it asks for, hears what is absent, and tells what became of refs`(
        isPrompt: Bool
    ) throws {
        var pair = try Pair(
            client: isPrompt ? Set(Capability.allCases) : Set(Capability.allCases).subtracting([.prompt]))
        try pair.update()
        let (first, second, third) = (
            WantTests.name(1, .commit), WantTests.name(1, .commitmeta), WantTests.name(2)
        )
        pair.answer(try pair.receiver.want(requests([first, second])))
        pair.answer(try pair.receiver.want(requests([third])))
        #expect(try pair.client.next(from: pair.toClient) == .want(requests([first, second])))
        #expect(try pair.client.next(from: pair.toClient) == .want(requests([third])))
        pair.say(try pair.client.object(ObjectAnswer(first, size: 3)) + [1, 2, 3])
        pair.say(try pair.client.object(ObjectAnswer(second, size: nil)))
        pair.say(try pair.client.object(ObjectAnswer(third, size: 0)))
        guard case .objectBegins(.object(first), size: 3) = try pair.receiver.next(from: pair.toReceiver),
            case .objectBytes(let bytes) = try pair.receiver.next(from: pair.toReceiver)
        else { throw Unexpected("the first object does not begin") }
        #expect(Array(bytes) == [1, 2, 3])
        guard case .objectEnds = try pair.receiver.next(from: pair.toReceiver) else {
            throw Unexpected("the first object does not end")
        }
        #expect(try pair.receiver.acknowledgeObject().isEmpty)
        guard case .objectAbsent(second) = try pair.receiver.next(from: pair.toReceiver),
            case .objectBegins(.object(third), size: 0) = try pair.receiver.next(from: pair.toReceiver),
            case .objectEnds = try pair.receiver.next(from: pair.toReceiver)
        else { throw Unexpected("the others do not arrive") }
        #expect(pair.receiver.unansweredWants == 0)
        pair.answer(try pair.receiver.wantNothing())
        #expect(try pair.client.next(from: pair.toClient) == .want([]))
        if isPrompt { #expect(throws: ProtocolError.self) { try pair.client.leave() } }
        let end = try pair.client.end()
        #expect(end.isEmpty == isPrompt)
        pair.say(end)
        guard case .publish = try pair.receiver.next(from: pair.toReceiver) else {
            throw Unexpected("nothing is to be published")
        }
        // Something has gone meanwhile.
        try pair.receiver.wantMore()
        pair.answer(try pair.receiver.want(requests([third])))
        #expect(try pair.client.next(from: pair.toClient) == .want(requests([third])))
        pair.say(try pair.client.object(ObjectAnswer(third, size: 0)))
        _ = try pair.receiver.next(from: pair.toReceiver)
        _ = try pair.receiver.next(from: pair.toReceiver)
        pair.answer(try pair.receiver.wantNothing())
        #expect(try pair.client.next(from: pair.toClient) == .want([]))
        pair.say(try pair.client.end())
        guard case .publish = try pair.receiver.next(from: pair.toReceiver) else {
            throw Unexpected("nothing is to be published the second time")
        }
        pair.answer(try Message.progress(activity: "publishing").frame(version: .one))
        #expect(try pair.client.next(from: pair.toClient) == .progress(activity: "publishing"))
        let results = [RefEditResult(RefName("a")!, .kept, from: first.checksum, to: nil)]
        pair.answer(try pair.receiver.results(results) + pair.receiver.finish())
        #expect(try pair.client.next(from: pair.toClient) == .results(results))
        #expect(try pair.client.next(from: pair.toClient) == .done)
    }

    @Test(arguments: [[Capability.largeFrames], []])
    func `A receiver that asks needs a client that wants to be asked`(_ capabilities: [Capability]) throws {
        for (client, receiver) in [
            (Set(capabilities), Set(Capability.allCases)), (Set(Capability.allCases), Set(capabilities)),
        ] {
            var pair = try Pair(client: client, receiver: receiver)
            try pair.update()
            #expect(throws: ProtocolError.self) { try pair.receiver.want(requests([WantTests.name(1)])) }
            pair.say(try pair.client.beginObjects() + pair.client.end())
            guard case .publish = try pair.receiver.next(from: pair.toReceiver) else {
                throw Unexpected("version 1 is not spoken")
            }
            // A receiver that asks all the same is not heard.
            pair.answer(try Message.want(requests([WantTests.name(1)])).frame(version: .one))
            #expect(throws: ProtocolError.self) { try pair.client.next(from: pair.toClient) }
        }
    }

    @Test func `A receiver that asks takes no object that it did not ask for, or in another order`() throws {
        for wrong in [WantTests.name(2), WantTests.name(1, .dirtree), WantTests.name(3)] {
            var pair = try Pair()
            try pair.update()
            pair.answer(try pair.receiver.want(requests([WantTests.name(1), WantTests.name(2)])))
            pair.say(try Message.object(ObjectAnswer(wrong, size: 1)).frame(version: .one))
            #expect(throws: ProtocolError.self) { try pair.receiver.next(from: pair.toReceiver) }
        }
        var pair = try Pair()
        try pair.update()
        pair.say(try Message.object(ObjectAnswer(WantTests.name(1), size: 1)).frame(version: .one))
        #expect(throws: ProtocolError.self) { try pair.receiver.next(from: pair.toReceiver) }
    }

    @Test func `A receiver asks for no more than fits into a pipe, and is not obeyed where it does`() throws {
        let names = (0..<ReceiveStateMachine.wantLimit).map { _ in WantTests.name(1) }
        var pair = try Pair()
        try pair.update()
        pair.answer(try pair.receiver.want(requests(names)))
        #expect(throws: ProtocolError.self) { try pair.receiver.want(requests([WantTests.name(2)])) }
        _ = try pair.client.next(from: pair.toClient)
        pair.answer(try Message.want(requests([WantTests.name(2)])).frame(version: .one))
        #expect(throws: ProtocolError.self) { try pair.client.next(from: pair.toClient) }
    }

    @Test func `A receiver that asks does not end before everything was answered`() throws {
        var pair = try Pair()
        try pair.update()
        pair.answer(try pair.receiver.want(requests([WantTests.name(1)])))
        _ = try pair.client.next(from: pair.toClient)
        #expect(throws: ProtocolError.self) { try pair.receiver.wantNothing() }
        #expect(throws: ProtocolError.self) { try pair.client.end() }
        pair.answer(try Message.want([]).frame(version: .one))
        #expect(throws: ProtocolError.self) { try pair.client.next(from: pair.toClient) }
        // The client may give up.
        pair.say(try pair.client.leave())
        guard case .leave = try pair.receiver.next(from: pair.toReceiver) else {
            throw Unexpected("the client cannot leave")
        }
    }

    @Test func `A receiver that asks can be asked about more refs than one message of version 1 holds`()
        throws
    {
        var pair = try Pair()
        let refs = Dictionary(
            uniqueKeysWithValues: (0..<3000).map { (RefName("r/\($0)")!, WantTests.name(7).checksum) })
        pair.say(try pair.client.begin(Info(mode: 1, refs: refs, capabilities: pair.client.capabilities)))
        guard case .info(let info) = try pair.receiver.next(from: pair.toReceiver) else {
            throw Unexpected("no second info")
        }
        #expect(info.refs == refs)
        pair.answer(try pair.receiver.reply(info: Info(mode: 1, refs: refs, capabilities: info.capabilities)))
        guard case .info(let reply) = try pair.client.next(from: pair.toClient) else {
            throw Unexpected("no second reply")
        }
        #expect(reply.refs == refs)
        let updates = refs.keys.map { RefEdit($0, from: .mustNotExist, to: WantTests.name(8).checksum) }
        let bytes = try pair.client.update(updates)
        #expect(bytes[0] == UInt8(ascii: "L") && bytes.count > 65_540)
        // In two pieces, the first of which ends within the header.
        pair.say(Array(bytes[..<6]))
        #expect(try pair.receiver.next(from: pair.toReceiver) == nil)
        var rest = bytes[6...]
        while !rest.isEmpty {
            rest = rest.dropFirst(pair.toReceiver.append(rest))
            if rest.isEmpty { break }
            #expect(try pair.receiver.next(from: pair.toReceiver) == nil)
        }
        guard case .update(let received) = try pair.receiver.next(from: pair.toReceiver) else {
            throw Unexpected("no update")
        }
        #expect(Set(received.map(\.ref)) == Set(refs.keys))
    }

    @Test(arguments: [
        (false, 70_000), (true, 65_535), (true, 0), (true, 4_194_305), (true, 0xFFFF_FFFF),
    ])
    func `A receiver that asks takes a long header only where that was agreed on, and only for what needs it`(
        _ isAgreed: Bool, _ size: Int
    ) {
        let header =
            [UInt8(ascii: "L"), 1, 1] + [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: size >> $0) }
        #expect(throws: ProtocolError.self) {
            try header.withUnsafeBytes { try FrameHeader(reading: $0, large: isAgreed) }
        }
    }
}

private struct Unexpected: Error {
    var what: String
    init(_ what: String) { self.what = what }
}
