// SPDX-License-Identifier: Apache-2.0

/// The client's side of a push, versions 0 and 1, as a state machine: messages in, bytes out; bytes in, answers out. It
/// does no I/O and knows no repository.
///
/// In order: `begin`, the answer `.info`; `update`, the answer `.status`; `beginObjects`, then `objectHeader`, the
/// object's bytes and `objectTrailer` for each object, `end`; the answer `.done`. In place of `update` and of
/// `beginObjects` the client may `leave`.
public struct PushStateMachine: Sendable {
    /// An answer of the receiver.
    public enum Answer: Equatable, Sendable {
        /// The receiver's mode, refs and capabilities.
        case info(Info)
        /// The acceptance of an update, or in version 0 also of an object. A refusal is final at any time.
        case status(Status)
        /// Version 1: refs are in place.
        case done
        /// With `Capability.want`: requested objects, to be answered in this order by `object(_:)` and their bytes; an
        /// empty list if nothing is missing, so that `end()` is next.
        case want([WantedObject])
        /// With `Capability.want`: the results for refs.
        case results([RefEditResult])
        /// With `Capability.want`: the receiver's present activity in a few words.
        case progress(activity: String)
    }

    private enum State: Sendable {
        /// Version 1: nothing was sent yet.
        case start
        /// Waiting for the receiver to introduce itself.
        case awaitingInfo
        /// The receiver is known: `update` or `leave`.
        case introduced
        /// Waiting for the acceptance of the edits.
        case awaitingStatus
        /// Refs may move: `beginObjects` or `leave`.
        case accepted
        /// With `Capability.want`, refs may move: the receiver requests objects, and `object` answers.
        case answering
        /// The receiver has all objects: `end`.
        case complete
        /// Between or inside objects.
        case sending
        /// Everything was sent, and the receiver publishes.
        case awaitingDone
        /// The receiver refused: `leave`.
        case refused
        /// The session is over.
        case ended
    }

    /// The version that is spoken.
    public let version: ProtocolVersion
    private var reader: MessageReader
    private var state: State
    /// The capabilities that this side announced, then those that both sides have.
    public private(set) var capabilities: Set<Capability> = []
    private var requests = PeerRequests()
    private var tar = TarWriter()

    /// Version 0: the number of objects that the receiver has not acknowledged yet.
    public private(set) var unacknowledgedObjects = 0

    /// Begins a conversation. In version 0 the receiver speaks first.
    public init(version: ProtocolVersion) {
        self.version = version
        reader = MessageReader(version: version)
        state = version == .zero ? .awaitingInfo : .start
    }

    /// The next answer, or nil where more bytes are needed.
    public mutating func next(from buffer: StreamBuffer) throws(ProtocolError) -> Answer? {
        if case .ended = state { return nil }
        guard let message = try reader.next(from: buffer) else { return nil }
        switch (state, message) {
        case (.awaitingInfo, .info(let info)):
            capabilities.formIntersection(info.capabilities)
            reader.allowsLargeFrames = capabilities.contains(.largeFrames)
            state = .introduced
            return .info(info)
        case (_, .status(let status)) where !status.accepted:
            state = .refused
            return .status(status)
        case (.awaitingStatus, .status(let status)):
            state = capabilities.contains(.want) ? .answering : .accepted
            return .status(status)
        // Requests also arrive while earlier ones are being answered, and after `done` if an object was removed meanwhile.
        case (_, .want(let wanted)) where isAnswering:
            try note(wanted)
            return .want(wanted)
        case (_, .progress(let activity)) where isAnswering:
            return .progress(activity: activity)
        case (.awaitingDone, .results(let results)) where capabilities.contains(.want):
            return .results(results)
        case (.sending, .status(let status)), (.awaitingDone, .status(let status)):
            guard unacknowledgedObjects > 0 else { throw unexpected(message) }
            unacknowledgedObjects -= 1
            return .status(status)
        case (.awaitingDone, .done) where version == .one:
            state = .ended
            return .done
        default:
            throw unexpected(message)
        }
    }

    private func unexpected(_ message: Message) -> ProtocolError {
        ProtocolError(
            .outOfOrder,
            "the receiver sent \(message.type) where \(expectation) was due, so it does not speak this protocol as it "
                + "should")
    }

    /// Indicates that the receiver may request objects and report its activity.
    private var isAnswering: Bool {
        capabilities.contains(.want) && (state == .answering || state == .awaitingDone)
    }

    private mutating func note(_ wanted: [WantedObject]) throws(ProtocolError) {
        guard !wanted.isEmpty else {
            guard requests.isEmpty, state == .answering else { throw unexpected(.want([])) }
            return state = .complete
        }
        try requests.note(wanted, of: "receiver", capabilities)
        state = .answering
    }

    /// Returns a message's frame and changes the state.
    ///
    /// - Throws: `ProtocolError` if the message is not due, or too large.
    private mutating func say(
        _ message: Message, if isDue: Bool, then next: State
    ) throws(ProtocolError) -> [UInt8] {
        guard isDue else { throw misplaced("\(message.type)") }
        let frame = try message.frame(version: version, large: capabilities.contains(.largeFrames))
        state = next
        return frame
    }

    /// Version 1: introduces the client. With `Capability.largeFrames` it may do so again, for refs that one message does not hold.
    public mutating func begin(_ info: Info) throws(ProtocolError) -> [UInt8] {
        let isFirst = state == .start
        let isAgain = state == .introduced && capabilities.contains(.largeFrames)
        let frame = try say(.info(info), if: isFirst || isAgain, then: .awaitingInfo)
        if isFirst { capabilities = info.capabilities }
        return frame
    }

    /// Asks for refs to move.
    public mutating func update(_ updates: [RefEdit]) throws(ProtocolError) -> [UInt8] {
        try say(.update(updates), if: state == .introduced, then: .awaitingStatus)
    }

    /// With `Capability.delete`: asks for refs to be removed; the answer is `.done`.
    public mutating func delete(_ deletions: [RefEdit]) throws(ProtocolError) -> [UInt8] {
        let isDue = state == .introduced && capabilities.contains(.delete)
        return try say(.delete(deletions), if: isDue, then: .awaitingDone)
    }

    /// Begins the objects. Version 0 has no message for that.
    public mutating func beginObjects() throws(ProtocolError) -> [UInt8] {
        let frame = try say(.putObjects, if: state == .accepted, then: .sending)
        return version == .one ? frame : []
    }

    /// With `Capability.want`: the answer for the object that was requested first, before its bytes if there are any.
    public mutating func object(_ answer: ObjectAnswer) throws(ProtocolError) -> [UInt8] {
        guard state == .answering, requests.answer(answer) else {
            throw misplaced("object \(answer.name)")
        }
        return try Message.object(answer).frame(version: version)
    }

    /// With `Capability.ahead`, from `update` on: the header before the bytes of an object that was not requested, or
    /// that there is none.
    public mutating func ahead(_ answer: ObjectAnswer) throws(ProtocolError) -> [UInt8] {
        guard maySendAhead else { throw misplaced("object \(answer.name)") }
        return try Message.ahead(answer).frame(version: version)
    }

    /// With `Capability.ahead`, once after `update`: says that what follows has to be requested.
    public mutating func endAhead() throws(ProtocolError) -> [UInt8] {
        guard maySendAhead else { throw misplaced("the end of such objects") }
        return try Message.ahead(nil).frame(version: version)
    }

    private var maySendAhead: Bool {
        capabilities.isSuperset(of: [.want, .ahead]) && (state == .awaitingStatus || state == .answering)
    }

    /// The bytes that precede an object.
    ///
    /// - Parameters:
    ///   - name: the object.
    ///   - size: its size in bytes as it travels.
    ///   - isLast: true if no other object follows, which version 1 must know.
    public mutating func objectHeader(
        _ name: ObjectName, size: UInt64, isLast: Bool
    ) throws(ProtocolError) -> [UInt8] {
        guard case .sending = state else { throw misplaced("an object") }
        switch version {
        case .one: return tar.header(name: name.fileName, size: size, isLast: isLast)
        case .zero:
            unacknowledgedObjects += 1
            return try Message.putObject(ObjectAnnouncement(fileName: name.fileName, size: size)).frame(
                version: version)
        }
    }

    /// The bytes that follow an object of `size` bytes.
    public func objectTrailer(size: UInt64) -> [UInt8] {
        version == .one ? tar.trailer(size: size) : []
    }

    /// Ends the objects and asks for publication. With `Capability.prompt` nothing is to be sent for that.
    public mutating func end() throws(ProtocolError) -> [UInt8] {
        if state == .complete, capabilities.contains(.prompt) {
            state = .awaitingDone
            return []
        }
        let isStream = state == .sending && version == .one
        let frame = try say(.done, if: state == .sending || state == .complete, then: .awaitingDone)
        return (isStream ? tar.end() : []) + frame
    }

    /// Leaves without asking for a change.
    public mutating func leave() throws(ProtocolError) -> [UInt8] {
        var states: [State] = [.introduced, .accepted, .answering, .refused]
        if !capabilities.contains(.prompt) { states.append(.complete) }
        return try say(.done, if: states.contains(state), then: .ended)
    }

    /// Tells the session that the receiver's output ended.
    ///
    /// - Throws: `ProtocolError` unless the session is complete.
    public func inputEnded(in buffer: StreamBuffer) throws(ProtocolError) {
        switch state {
        case .ended, .refused: return
        case .awaitingDone where version == .zero && unacknowledgedObjects == 0 && buffer.readable.isEmpty:
            return
        default:
            let place =
                buffer.readable.isEmpty ? "where \(expectation) was due" : "in the middle of \(expectation)"
            throw ProtocolError(.truncated, "the receiver went away \(place)")
        }
    }

    private var expectation: String {
        switch state {
        case .start, .awaitingInfo: "info"
        case .introduced, .accepted, .complete, .refused, .ended: "nothing"
        case .answering: "want"
        case .awaitingStatus: "status"
        case .sending, .awaitingDone: version == .one ? "done" : "status"
        }
    }

    private func misplaced(_ message: String) -> ProtocolError {
        ProtocolError(
            .outOfOrder, "the client was about to send \(message) where the receiver waits for something else"
        )
    }
}
