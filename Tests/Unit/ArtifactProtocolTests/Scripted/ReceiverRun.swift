// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Foundation
import Testing

/// A `ReceiveStateMachine` whose driver gives answers that were fixed beforehand and notes everything.
struct ReceiverRun {
    /// An event of the session, with the bytes of an object joined.
    enum Event: Equatable {
        case info(Info)
        case update([RefEdit])
        /// `Data`, since arrays compare one element after another.
        case object(ReceivedObjectName, size: UInt64, Data)
        case publish
        case leave
        case absent(ObjectName)
        case delete([RefEdit])

        var isFinal: Bool {
            switch self {
            case .publish, .leave: true
            default: false
            }
        }
    }

    var session: ReceiveStateMachine
    let buffer = StreamBuffer()
    private let info: Info
    private let status: Status
    private var object: (name: ReceivedObjectName, size: UInt64, bytes: Data)?

    private(set) var events: [Event] = []
    /// The bytes that the session wanted sent.
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

    mutating func feed(_ bytes: [UInt8]) throws(ProtocolError) { try feed(bytes[...]) }

    /// Not generic, since it is called for single bytes of large transcripts.
    mutating func feed(_ bytes: ArraySlice<UInt8>) throws(ProtocolError) {
        var rest = bytes
        while !rest.isEmpty {
            rest = rest.dropFirst(buffer.append(rest))
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
        case .objectBegins(let name, let size): object = (name, size, Data())
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
        case .objectContinues, .aheadBegins, .aheadEnds, .objectSentAhead, .requested, .list:
            Issue.record("a client of version 1 sends no such message")
        }
    }

    /// The objects by name.
    var objects: [String: Data] {
        var result: [String: Data] = [:]
        for case .object(.object(let name), _, let bytes) in events { result[name.fileName] = bytes }
        return result
    }
}
