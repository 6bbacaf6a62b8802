// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// Requests for the rest of a file, with `Capability.resume`.
@Suite struct ResumeTests {
    private static let file = name(.file)
    private static let other = name(.file, 2)
    private static let point = ResumePoint(offset: 258, size: 770)!

    private static func name(_ type: ObjectType, _ number: UInt8 = 1) -> ObjectName {
        ObjectName([UInt8](repeating: number, count: 32).withUnsafeBytes { Checksum(bytes: $0) }!, type)
    }

    /// A receiver that asks a pushing client.
    private struct Push {
        var client = PushStateMachine(version: .one)
        var receiver = ReceiveStateMachine(version: .one)
        let toClient = StreamBuffer()
        let toReceiver = StreamBuffer()

        init(_ capabilities: Set<Capability> = [.want, .resume]) throws {
            _ = toReceiver.append(try client.begin(Info(mode: 1, capabilities: capabilities)))
            _ = try receiver.next(from: toReceiver)
            _ = toClient.append(try receiver.reply(info: Info(mode: 1, capabilities: capabilities)))
            _ = try client.next(from: toClient)
            let edit = RefEdit(RefName("a")!, from: .mustNotExist, to: file.checksum)
            _ = toReceiver.append(try client.update([edit]))
            _ = try receiver.next(from: toReceiver)
            _ = toClient.append(try receiver.reply(status: Status(accepted: true)))
            _ = try client.next(from: toClient)
        }

        /// Asks for the rest of a file, and for another file.
        mutating func ask() throws {
            let wanted = [WantedObject(file, from: point), WantedObject(other)]
            _ = toClient.append(try receiver.want(wanted))
            #expect(try client.next(from: toClient) == .want(wanted))
        }

        func say(_ message: Message) throws { _ = toReceiver.append(try message.frame(version: .one)) }
    }

    @Test func `A client gives the rest that it is asked for`() throws {
        var push = try Push()
        try push.ask()
        _ = push.toReceiver.append(
            try push.client.object(ObjectAnswer(Self.file, .rest(512))) + [UInt8](repeating: 7, count: 512))
        guard
            case .objectContinues(Self.file, Self.point) = try push.receiver.next(from: push.toReceiver),
            case .objectBytes(let bytes) = try push.receiver.next(from: push.toReceiver)
        else { throw ProtocolError(.malformed, "the rest does not begin") }
        #expect(bytes.count == 512)
        guard case .objectEnds = try push.receiver.next(from: push.toReceiver) else {
            throw ProtocolError(.malformed, "the rest does not end")
        }
        #expect(push.receiver.unansweredWants == 1)
    }

    @Test func `A client gives the whole where it has another form of it`() throws {
        var push = try Push()
        try push.ask()
        _ = push.toReceiver.append(try push.client.object(ObjectAnswer(Self.file, .bytes(3))))
        guard case .objectBegins(.object(Self.file), size: 3) = try push.receiver.next(from: push.toReceiver)
        else { throw ProtocolError(.malformed, "the whole does not begin") }
    }

    @Test(arguments: [
        ObjectAnswer(file, .rest(511)), ObjectAnswer(file, .rest(770)), ObjectAnswer(file, .rest(0)),
        ObjectAnswer(other, .rest(512)),
    ])
    func `A rest of another size, or of another object, is neither given nor taken`(answer: ObjectAnswer)
        throws
    {
        var push = try Push()
        try push.ask()
        #expect(throws: ProtocolError.self) { try push.client.object(answer) }
        try push.say(.object(answer))
        #expect(throws: ProtocolError.self) { try push.receiver.next(from: push.toReceiver) }
    }

    @Test func `A rest that was not asked for is neither given nor taken`() throws {
        var push = try Push()
        _ = push.toClient.append(try push.receiver.want([WantedObject(Self.file)]))
        _ = try push.client.next(from: push.toClient)
        let answer = ObjectAnswer(Self.file, .rest(512))
        #expect(throws: ProtocolError.self) { try push.client.object(answer) }
        try push.say(.object(answer))
        #expect(throws: ProtocolError.self) { try push.receiver.next(from: push.toReceiver) }
    }

    @Test func `A rest is asked for only where that was agreed on`() throws {
        var push = try Push([.want])
        let wanted = [WantedObject(Self.file, from: Self.point)]
        #expect(throws: ProtocolError.self) { try push.receiver.want(wanted) }
        _ = push.toClient.append(try Message.want(wanted).frame(version: .one))
        #expect(throws: ProtocolError.self) { try push.client.next(from: push.toClient) }
    }

    @Test func `A client that pulls gets the rest that it asks for`() throws {
        var client = PullStateMachine()
        var receiver = ReceiveStateMachine(version: .one)
        let (toClient, toReceiver) = (StreamBuffer(), StreamBuffer())
        _ = toReceiver.append(try client.begin(Info(mode: 1, capabilities: Capability.ofPullingClients)))
        _ = try receiver.next(from: toReceiver)
        _ = toClient.append(
            try receiver.reply(info: Info(mode: 1, capabilities: Capability.ofPullingClients)))
        _ = try client.next(from: toClient)
        let wanted = [WantedObject(Self.file, from: Self.point)]
        _ = toReceiver.append(try client.want(wanted))
        guard case .requested(wanted) = try receiver.next(from: toReceiver) else {
            throw ProtocolError(.malformed, "nothing is requested")
        }
        _ = toClient.append(try receiver.object(ObjectAnswer(Self.file, .rest(512))) + [1])
        guard case .objectContinues(Self.file, Self.point) = try client.next(from: toClient) else {
            throw ProtocolError(.malformed, "the rest does not begin")
        }
        guard case .objectBytes = try client.next(from: toClient) else {
            throw ProtocolError(.malformed, "the rest does not come")
        }
        // 511 bytes are missing.
        guard case nil = try client.next(from: toClient), !client.isSettled else {
            throw ProtocolError(.malformed, "the rest ends early")
        }
    }

    @Test(arguments: [(0, 770), (770, 770), (771, 770), (0, 0), (.max, 1)] as [(UInt64, UInt64)])
    func `A place that is not within a file is none`(offset: UInt64, size: UInt64) throws {
        #expect(ResumePoint(offset: offset, size: size) == nil)
        let numbers = [size, offset].flatMap { number in withUnsafeBytes(of: number.littleEndian, Array.init)
        }
        let entry = [0x81] + Self.file.checksum.bytes + numbers
        #expect(throws: ProtocolError.self) { try Self.read(entry) }
    }

    @Test func `A rest is asked for of a file alone, with all of its numbers`() throws {
        let bytes = try Message.want([WantedObject(Self.file, from: Self.point)])
            .frame(version: .one).dropFirst(FrameHeader.byteCount)
        for type: UInt8 in [0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0xff] {
            #expect(throws: ProtocolError.self) { try Self.read([type] + bytes.dropFirst()) }
        }
        for count in 1..<bytes.count {
            #expect(throws: ProtocolError.self) { try Self.read(bytes.prefix(count)) }
        }
        #expect(try Self.read(bytes) == .want([WantedObject(Self.file, from: Self.point)]))
    }

    /// Reads the body of a `want`.
    private static func read(_ body: some Collection<UInt8>) throws -> Message? {
        let buffer = StreamBuffer()
        _ = buffer.append([UInt8(ascii: "l"), 1, 5, UInt8(body.count), 0] + body)
        return try MessageReader(version: .one).next(from: buffer)
    }
}
