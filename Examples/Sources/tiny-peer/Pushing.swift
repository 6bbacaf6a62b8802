// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// Pushes a commit, of which `objects` are all, in version 1 of the protocol without capabilities.
///
/// - Returns: what has become of it.
func push(
    _ ref: RefName, at commit: Checksum, _ objects: [(name: ObjectName, bytes: [UInt8])],
    to receiver: Connection
) throws -> String {
    var session = PushStateMachine(version: .one)
    let buffer = StreamBuffer()
    func answer() throws -> PushStateMachine.Answer {
        while true {
            if let answer = try session.next(from: buffer) { return answer }
            if try !receiver.fill(buffer) {
                try session.inputEnded(in: buffer)
                throw Failure("the receiver went away")
            }
        }
    }

    // Who is there, and where is the ref? Mode 1 is an archive repository: that is the form in which objects travel.
    try receiver.say(session.begin(Info(mode: 1, refs: [ref: commit])))
    guard case .info(let info) = try answer() else { throw Failure("the receiver does not introduce itself") }
    let old = info.refs[ref]
    if old == commit {
        try receiver.say(session.leave())
        return "\(ref): there already"
    }

    // May it move? The receiver compares `old` with what it has.
    try receiver.say(session.update([RefEdit(ref, at: old, to: commit)]))
    guard case .status(let status) = try answer() else { throw Failure("the receiver does not answer") }
    guard status.accepted else {
        try receiver.say(session.leave())
        return "\(ref): refused: \(status.message)"
    }

    // Everything that the commit needs, in any order.
    try receiver.say(session.beginObjects())
    for (index, object) in objects.enumerated() {
        let size = UInt64(object.bytes.count)
        let isLast = index == objects.count - 1
        try receiver.say(session.objectHeader(object.name, size: size, isLast: isLast))
        try receiver.say(object.bytes)
        try receiver.say(session.objectTrailer(size: size))
    }
    try receiver.say(session.end())

    // The receiver verifies, publishes, and only then says so.
    switch try answer() {
    case .done: return "\(ref): pushed"
    case .status(let status): return "\(ref): refused: \(status.message)"
    default: throw Failure("the receiver says something else than done")
    }
}
