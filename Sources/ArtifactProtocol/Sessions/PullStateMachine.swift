// SPDX-License-Identifier: Apache-2.0

/// The client's side of a pull from a receiver, as a state machine: messages in, bytes out; bytes in, answers out. It does no I/O
/// and knows no repository.
///
/// In order: `begin`, the answer `.info`; then `list` or `want`, any number of times; `leave`. All of it needs
/// `Capability.pull`, without which only `leave` may follow.
public struct PullStateMachine: Sendable {
    /// An answer of the receiver.
    public enum Answer {
        /// The receiver's mode, refs and capabilities.
        case info(Info)
        /// A refusal, which is final.
        case status(Status)
        /// Some of the receiver's refs; an empty list if there are no more.
        case refs([ListedRef])
        /// A requested object of `size` bytes begins.
        case objectBegins(ObjectName, size: UInt64)
        /// The rest of a requested object begins.
        case objectContinues(ObjectName, ResumePoint)
        /// An object of `size` bytes begins that was not requested, or not before it was sent.
        case aheadBegins(ObjectName, size: UInt64)
        /// Some of the object's bytes, valid until the buffer is filled again.
        case objectBytes(UnsafeRawBufferPointer)
        /// The object is complete.
        case objectEnds
        /// The receiver does not have a requested object.
        case objectAbsent(ObjectName)
        /// A requested object was sent before it was requested.
        case objectSentAhead(ObjectName)
    }

    private enum State: Sendable, Equatable {
        /// Nothing was sent yet.
        case start
        /// Waiting for the receiver to introduce itself.
        case awaitingInfo
        /// The receiver is known: `list`, `want` or `leave`.
        case introduced
        /// Refs arrive.
        case listing
        /// Requested objects arrive.
        case wanting
        /// Inside an object.
        case inObject(remaining: UInt64)
        /// The receiver refused: `leave`.
        case refused
        /// The session is over.
        case ended
    }

    private var reader = MessageReader(version: .one)
    private var state = State.start
    private var requests = OwnRequests()
    /// The capabilities that this side announced, then those that both sides have.
    public private(set) var capabilities: Set<Capability> = []

    /// The number of requested objects that are not answered yet.
    public var unansweredWants: Int { requests.unanswered }

    /// True if every request is answered, and the last object complete.
    public var isSettled: Bool {
        if case .inObject = state { return false }
        return requests.unanswered == 0
    }

    /// True if refs may be asked for.
    public var mayAsk: Bool { state == .introduced }

    /// Begins a conversation.
    public init() {}

    /// Waits for the answers to requests that were made in another way, as over HTTP.
    public init(requesting names: [ObjectName]) throws(ProtocolError) {
        state = .wanting
        capabilities = [.pull, .ahead]
        guard requests.note(names.map { WantedObject($0) }, capabilities) else { throw misplaced("want") }
    }

    /// The next answer, or nil where more bytes are needed.
    ///
    /// - Throws: `ProtocolError` for bytes or an order that the protocol does not have.
    public mutating func next(from buffer: StreamBuffer) throws(ProtocolError) -> Answer? {
        switch state {
        case .ended: return nil
        case .inObject(remaining: 0):
            state = .wanting
            return .objectEnds
        case .inObject(let remaining):
            guard let bytes = buffer.take(atMost: remaining) else { return nil }
            state = .inObject(remaining: remaining - UInt64(bytes.count))
            return .objectBytes(bytes)
        default:
            guard let message = try reader.next(from: buffer) else { return nil }
            return try accept(message)
        }
    }

    private mutating func accept(_ message: Message) throws(ProtocolError) -> Answer {
        switch (state, message) {
        case (.awaitingInfo, .info(let info)):
            capabilities.formIntersection(info.capabilities)
            reader.allowsLargeFrames = capabilities.contains(.largeFrames)
            state = .introduced
            return .info(info)
        case (_, .status(let status)) where !status.accepted:
            state = .refused
            return .status(status)
        case (.listing, .refs(let refs)):
            if refs.isEmpty { state = .introduced }
            return .refs(refs)
        case (.wanting, .object), (.wanting, .ahead):
            switch requests.accept(message, allowingAhead: capabilities.contains(.ahead)) {
            case .begins(let name, let size):
                state = .inObject(remaining: size)
                return .objectBegins(name, size: size)
            case .continues(let name, let point):
                state = .inObject(remaining: point.remaining)
                return .objectContinues(name, point)
            case .beginsAhead(let name, let size):
                state = .inObject(remaining: size)
                return .aheadBegins(name, size: size)
            case .absent(let name): return .objectAbsent(name)
            case .sentAhead(let name): return .objectSentAhead(name)
            case .aheadEnds, nil: throw unexpected(message)
            }
        default: throw unexpected(message)
        }
    }

    private func unexpected(_ message: Message) -> ProtocolError {
        ProtocolError(
            .outOfOrder,
            "the receiver sent \(message.type) where \(expectation) was due, so it does not speak this protocol as it "
                + "should")
    }

    /// Introduces the client. With `Capability.largeFrames` it may do so again, for other refs, before it requests objects.
    public mutating func begin(_ info: Info) throws(ProtocolError) -> [UInt8] {
        let isAgain = state == .introduced && capabilities.contains(.largeFrames)
        guard state == .start || isAgain else { throw misplaced("info") }
        let frame = try Message.info(info).frame(version: .one, large: isAgain)
        if !isAgain { capabilities = info.capabilities }
        state = .awaitingInfo
        return frame
    }

    /// Asks which refs there are.
    public mutating func list(_ query: RefQuery) throws(ProtocolError) -> [UInt8] {
        guard state == .introduced, capabilities.contains(.pull) else { throw misplaced("list") }
        let frame = try Message.list(query).frame(
            version: .one, large: capabilities.contains(.largeFrames))
        state = .listing
        return frame
    }

    /// Requests objects, of which `ReceiveStateMachine.wantLimit` may be unanswered.
    public mutating func want(_ wanted: [WantedObject]) throws(ProtocolError) -> [UInt8] {
        let isDue: Bool
        switch state {
        case .introduced, .wanting, .inObject: isDue = capabilities.contains(.pull)
        default: isDue = false
        }
        guard isDue, requests.note(wanted, capabilities) else { throw misplaced("want") }
        if state == .introduced { state = .wanting }
        return try Message.want(wanted).frame(version: .one)
    }

    /// Leaves.
    public mutating func leave() throws(ProtocolError) -> [UInt8] {
        switch state {
        case .introduced, .refused: break
        case .wanting where requests.unanswered == 0: break
        default: throw misplaced("done")
        }
        state = .ended
        return try Message.done.frame(version: .one)
    }

    /// Tells the session that the receiver's output ended.
    ///
    /// - Throws: `ProtocolError` unless the session is complete.
    public func inputEnded(in buffer: StreamBuffer) throws(ProtocolError) {
        guard state != .ended, state != .refused else { return }
        let place =
            buffer.readable.isEmpty ? "where \(expectation) was due" : "in the middle of \(expectation)"
        throw ProtocolError(.truncated, "the receiver went away \(place)")
    }

    private var expectation: String {
        switch state {
        case .start, .awaitingInfo: "info"
        case .introduced, .refused, .ended: "nothing"
        case .listing: "refs"
        case .wanting: requests.due.map { "object \($0)" } ?? "nothing"
        case .inObject: "an object"
        }
    }

    private func misplaced(_ message: String) -> ProtocolError {
        ProtocolError(
            .outOfOrder, "the client was about to send \(message) where the receiver waits for something else"
        )
    }
}
