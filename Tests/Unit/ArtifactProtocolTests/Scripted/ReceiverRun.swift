// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A `ReceiveStateMachine` whose driver gives answers that were fixed beforehand and notes everything.
struct ReceiverRun {
    /// What the session reported, with the bytes of an object joined.
    enum Event: Equatable {
        case info(Info)
        case update([RefEdit])
        case object(ReceivedObjectName, size: UInt64, [UInt8])
        case publish
        case leave
        case absent(ObjectName)
        case delete([RefEdit])

        var isFinal: Bool { self == .publish || self == .leave }
    }

    var session: ReceiveStateMachine
    let buffer = StreamBuffer()
    private let info: Info
    private let status: Status
    private var object: (name: ReceivedObjectName, size: UInt64, bytes: [UInt8])?

    private(set) var events: [Event] = []
    /// What the session wanted sent.
    private(set) var output: [UInt8] = []

    init(_ version: ProtocolVersion, info: Info, status: Status = Status(accepted: true)) throws {
        session = ReceiveStateMachine(version: version)
        self.info = info
        self.status = status
        if version == .zero { output += try session.reply(info: info) }
    }

    init(_ transcript: Transcript) throws {
        try self.init(transcript.version, info: transcript.receiverInfo())
    }

    var isOver: Bool { events.last?.isFinal ?? false }

    mutating func feed(_ bytes: some Collection<UInt8>) throws(ProtocolError) {
        var offset = 0
        while offset < bytes.count {
            offset += buffer.append(bytes.dropFirst(offset))
            while let event = try session.next(from: buffer) { try handle(event) }
        }
    }

    private mutating func handle(_ event: ReceiveStateMachine.Event) throws(ProtocolError) {
        switch event {
        case .info(let theirs):
            events.append(.info(theirs))
            output += try session.reply(info: info)
        case .update(let updates):
            events.append(.update(updates))
            output += try session.reply(status: status)
        case .objectBegins(let name, let size): object = (name, size, [])
        case .objectBytes(let bytes): object?.bytes.append(contentsOf: bytes)
        case .objectEnds:
            if let object { events.append(.object(object.name, size: object.size, object.bytes)) }
            object = nil
            output += try session.acknowledgeObject()
        case .publish:
            events.append(.publish)
            output += try session.finish()
        case .leave: events.append(.leave)
        case .objectAbsent(let name): events.append(.absent(name))
        case .delete(let deletions):
            events.append(.delete(deletions))
            output += try session.finish()
        }
    }

    /// The objects by name.
    var objects: [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for case .object(.object(let name), _, let bytes) in events { result[name.fileName] = bytes }
        return result
    }
}
