// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Takes one push and keeps it in memory.
///
/// A receiver that is meant to last checks each object's checksum and whether anything is missing before it publishes: see
/// ‘Objects’ and ‘What moves a ref’ in docs/PROTOCOL.md.
///
/// - Returns: what was received.
func receive(from client: Connection) throws -> String {
    var session = ReceiveStateMachine(version: .one)
    let buffer = StreamBuffer()
    var updates: [RefEdit] = []
    var objects: [ObjectName: [UInt8]] = [:]
    var current: ObjectName?

    while true {
        // Each event is dealt with, and answered where it wants an answer, before the next one is asked for.
        while let event = try session.next(from: buffer) {
            switch event {
            case .info:
                // An archive repository without refs. No capabilities are announced, so no client will use any.
                try client.say(session.reply(info: Info(mode: 1)))
            case .update(let wanted):
                updates = wanted
                // Or Status(accepted: false, message: "why not").
                try client.say(session.reply(status: Status(accepted: true)))
            case .objectBegins(.object(let name), _):
                current = name
                objects[name] = []
            case .objectBegins(.obsolete, _):
                // Something that old clients send and that nobody needs.
                current = nil
            case .objectBytes(let bytes):
                // They are valid until the buffer is filled again.
                if let current { objects[current]?.append(contentsOf: bytes) }
            case .objectEnds:
                try client.say(session.acknowledgeObject())
            case .publish:
                try client.say(session.finish())
                let refs = updates.map { "\($0.ref) at \($0.new?.hex ?? "none")" }.joined(separator: ", ")
                return "received \(refs): \(objects.count) objects"
            case .leave:
                return "the client left"
            default:
                // Everything else belongs to capabilities.
                break
            }
        }
        if try !client.fill(buffer) {
            try session.inputEnded(in: buffer)
            return "the client went away"
        }
    }
}
