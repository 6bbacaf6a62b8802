// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

/// A `PushStateMachine` that is driven to do what the client of a transcript did.
struct PushRun {
    var session: PushStateMachine
    let buffer = StreamBuffer()
    private var chunks: [ArraySlice<UInt8>]
    private var objectsBegan = false

    private(set) var answers: [PushStateMachine.Answer] = []
    /// Everything that the session wanted sent.
    private(set) var sent: [UInt8] = []
    /// The frames among it.
    private(set) var frames: [[UInt8]] = []

    init(_ version: ProtocolVersion, receiver chunks: [ArraySlice<UInt8>]) {
        session = PushStateMachine(version: version)
        self.chunks = chunks
    }

    /// Waits for an answer; nil where the input ended and that is in order.
    @discardableResult
    mutating func answer() throws(ProtocolError) -> PushStateMachine.Answer? {
        while true {
            if let answer = try session.next(from: buffer) {
                answers.append(answer)
                return answer
            }
            guard !chunks.isEmpty else {
                try session.inputEnded(in: buffer)
                return nil
            }
            _ = buffer.append(chunks.removeFirst())
        }
    }

    private mutating func send(frame: [UInt8]) {
        sent += frame
        if !frame.isEmpty { frames.append(frame) }
    }

    /// Plays the client's part to its end.
    mutating func play(_ transcript: Transcript) throws {
        let objects = try recordedObjects(transcript)
        for part in try transcript.clientParts() {
            guard case .frame(let message, _) = part else { continue }
            switch message {
            case .info(let info): send(frame: try session.begin(info))
            case .update(let updates):
                try answer()
                send(frame: try session.update(updates))
            case .putObjects:
                try answer()
                send(frame: try session.beginObjects())
                objectsBegan = true
                for (index, object) in objects.enumerated() {
                    try send(object, isLast: index == objects.count - 1)
                }
            case .putObject(let announcement):
                if !objectsBegan {
                    try answer()
                    send(frame: try session.beginObjects())
                    objectsBegan = true
                }
                let object = try #require(objects.first { $0.name.fileName == announcement.fileName })
                try send(object, isLast: false)
                try answer()
            case .done: try finish()
            case .status, .want, .object, .results, .progress, .delete, .ahead, .list, .refs:
                Issue.record("a client of version 1 sends no \(message.type)")
            }
        }
        if transcript.clientVanishes { try answer() }
    }

    private mutating func send(_ object: (name: ObjectName, bytes: [UInt8]), isLast: Bool) throws {
        let size = UInt64(object.bytes.count)
        let header = try session.objectHeader(object.name, size: size, isLast: isLast)
        if session.version == .zero { send(frame: header) } else { sent += header }
        sent += object.bytes
        sent += session.objectTrailer(size: size)
    }

    private mutating func finish() throws {
        guard objectsBegan else {
            try answer()
            send(frame: try session.leave())
            return
        }
        let end = try session.end()
        sent += end.dropLast(FrameHeader.byteCount)
        send(frame: Array(end.suffix(FrameHeader.byteCount)))
        try answer()
    }

    /// The objects that the client sent, in its order.
    private func recordedObjects(_ transcript: Transcript) throws -> [(name: ObjectName, bytes: [UInt8])] {
        var run = try ReceiverRun(transcript)
        try run.feed(transcript.client)
        return run.events.compactMap { event in
            if case .object(.object(let name), _, let bytes) = event { (name, Array(bytes)) } else { nil }
        }
    }
}
