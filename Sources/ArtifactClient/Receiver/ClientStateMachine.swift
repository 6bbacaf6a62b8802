// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A client's state machine, as its connection to a receiver sees it.
protocol ClientStateMachine {
    associatedtype Answer
    /// The next answer, or nil where more bytes are needed.
    mutating func next(from buffer: StreamBuffer) throws(ProtocolError) -> Answer?
    /// The client's last message.
    mutating func leave() throws(ProtocolError) -> [UInt8]
    /// Tells the session that the receiver's output ended.
    func inputEnded(in buffer: StreamBuffer) throws(ProtocolError)
    /// The status in an answer; nil for any other answer.
    static func status(_ answer: Answer) -> Status?
    /// The introduction in an answer; nil for any other answer.
    static func info(_ answer: Answer) -> Info?
}

extension PushStateMachine: ClientStateMachine {
    static func status(_ answer: Answer) -> Status? {
        if case .status(let status) = answer { status } else { nil }
    }
    static func info(_ answer: Answer) -> Info? { if case .info(let info) = answer { info } else { nil } }
}

extension PullStateMachine: ClientStateMachine {
    static func status(_ answer: Answer) -> Status? {
        if case .status(let status) = answer { status } else { nil }
    }
    static func info(_ answer: Answer) -> Info? { if case .info(let info) = answer { info } else { nil } }
}
