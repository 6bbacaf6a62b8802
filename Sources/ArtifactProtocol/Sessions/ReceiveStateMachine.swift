// SPDX-License-Identifier: Apache-2.0

/// The receiver's side of a push, versions 0 and 1, as a state machine: bytes in, events out; answers in, bytes
/// out. It does no I/O and knows no repository.
///
/// Call `next(from:)` until it returns nil, then fill the buffer. Send the bytes of an event's answer before the next call of
/// `next(from:)`.
public struct ReceiveStateMachine: Sendable {
    /// A request of the client.
    public enum Event {
        /// The client introduced itself; answer with `reply(info:)`.
        case info(Info)
        /// The client asks whether these refs may move; answer with `reply(status:)`. With `Capability.want`, after an
        /// acceptance, request objects with `want(_:)`, and more after each answer; then send what `wantNothing()` returns. With
        /// `Capability.ahead`, request nothing before `aheadEnds`.
        case update([RefEdit])
        /// With `Capability.delete`: the client asks to remove these refs; do that, then send what `finish()` returns.
        case delete([RefEdit])
        /// With `Capability.want`: the client does not have an object, which need not have been requested.
        case objectAbsent(ObjectName)
        /// With `Capability.ahead`: an object begins that was not requested, or not before it was sent.
        case aheadBegins(ObjectName, size: UInt64)
        /// With `Capability.ahead`: the client has sent what it sends without requests.
        case aheadEnds
        /// With `Capability.ahead`: a requested object was sent before it was requested.
        case objectSentAhead(ObjectName)
        /// With `Capability.pull`: the client requests objects; answer each with `object(_:)` and its bytes.
        case requested([WantedObject])
        /// With `Capability.pull`: the client asks which refs there are; send them with `refs(_:)`, and an empty list last.
        case list(RefQuery)
        /// An object of `size` bytes, as it travels, begins.
        case objectBegins(ReceivedObjectName, size: UInt64)
        /// With `Capability.resume`: the rest of a requested object begins.
        case objectContinues(ObjectName, ResumePoint)
        /// Some of the object's bytes, valid until the buffer is filled again.
        case objectBytes(UnsafeRawBufferPointer)
        /// The object is complete; verify it, then send what `acknowledgeObject()` returns.
        case objectEnds
        /// Everything is here: publish it, then send what `finish()` returns.
        case publish
        /// The client leaves without asking for a change.
        case leave
    }

    private enum State: Sendable {
        /// Version 1: waiting for the client to introduce itself.
        case awaitingInfo
        /// The client waits for mode and refs.
        case owingInfo
        /// Waiting for the client's edits.
        case awaitingUpdate
        /// The client waits for the acceptance of its edits.
        case owingStatus
        /// The edits were refused: the client has only to leave.
        case refused
        /// Inside an object that the client had sent before it learnt of the refusal.
        case inRefusedObject(remaining: UInt64)
        /// Waiting for the objects (version 1) or the next one (version 0).
        case awaitingObjects
        /// Version 1: inside the tar stream.
        case inTarStream(TarReader)
        /// Version 0: inside an object.
        case inObject(remaining: UInt64)
        /// Version 0: the client waits for the acknowledgement of the object.
        case owingObjectStatus
        /// Waiting for requested objects.
        case wanting
        /// Nothing is missing, and the client need not say that it is done.
        case complete
        /// The client pulls: it requests objects, and gets them.
        case giving
        /// Version 1: the tar stream is complete.
        case awaitingDone
        /// The client waits for publication.
        case owingDone
        /// The session is over.
        case ended
    }

    /// The version that is spoken.
    public let version: ProtocolVersion
    private var reader: MessageReader
    private var state: State
    /// The capabilities that both sides have.
    public private(set) var capabilities: Set<Capability> = []
    private var requests = OwnRequests()
    private var peerRequests = PeerRequests()

    /// The most objects that may be requested and not answered: their names fit into any pipe, so that neither side waits for
    /// the other.
    public static let wantLimit = 1024
    /// The largest body of a request for so many objects, in bytes.
    package static let largestWant = wantLimit * WantedObjects.entrySize

    /// The number of requested objects that are not answered yet.
    public var unansweredWants: Int { requests.unanswered }

    /// Begins a conversation. In version 0 the receiver speaks first: send what `reply(info:)` returns.
    public init(version: ProtocolVersion) {
        self.version = version
        reader = MessageReader(version: version)
        state = version == .zero ? .owingInfo : .awaitingInfo
    }

    /// The next event, or nil where more bytes are needed.
    ///
    /// - Throws: `ProtocolError` for bytes or an order that the protocol does not have.
    public mutating func next(from buffer: StreamBuffer) throws(ProtocolError) -> Event? {
        switch state {
        case .inTarStream(var tar):
            guard let event = try tar.next(from: buffer) else {
                state = .inTarStream(tar)
                return nil
            }
            state = .inTarStream(tar)
            switch event {
            case .member(let name, let size):
                return .objectBegins(try ReceivedObjectName(received: name), size: size)
            case .content(let bytes): return .objectBytes(bytes)
            case .memberEnd: return .objectEnds
            case .end:
                state = .awaitingDone
                return try next(from: buffer)
            }
        case .inObject(remaining: 0):
            state = version == .zero ? .owingObjectStatus : .wanting
            return .objectEnds
        case .inObject(let remaining):
            guard let bytes = buffer.take(atMost: remaining) else { return nil }
            state = .inObject(remaining: remaining - UInt64(bytes.count))
            return .objectBytes(bytes)
        case .inRefusedObject(remaining: 0):
            state = .refused
            return try next(from: buffer)
        case .inRefusedObject(let remaining):
            guard let bytes = buffer.take(atMost: remaining) else { return nil }
            state = .inRefusedObject(remaining: remaining - UInt64(bytes.count))
            return try next(from: buffer)
        case .complete:
            state = .owingDone
            return .publish
        case .ended:
            return nil
        default:
            guard let message = try reader.next(from: buffer) else { return nil }
            return try accept(message, from: buffer)
        }
    }

    private mutating func accept(_ message: Message, from buffer: StreamBuffer) throws(ProtocolError)
        -> Event?
    {
        switch (state, message) {
        case (.awaitingInfo, .info(let info)):
            state = .owingInfo
            return .info(info)
        // More refs than the first one could hold.
        case (.awaitingUpdate, .info(let info)) where capabilities.contains(.largeFrames):
            state = .owingInfo
            return .info(info)
        case (.wanting, .object), (.wanting, .ahead):
            let arrival = requests.accept(message, allowingAhead: capabilities.contains(.ahead))
            guard let arrival else { throw unexpected(message) }
            return event(of: arrival)
        case (.refused, .ahead(let answer)) where capabilities.contains(.ahead):
            if case .bytes(let size) = answer?.content { state = .inRefusedObject(remaining: size) }
            return try next(from: buffer)
        case (.awaitingUpdate, .want(let wanted)) where capabilities.contains(.pull),
            (.giving, .want(let wanted)):
            try peerRequests.note(wanted, of: "client", capabilities)
            state = .giving
            return .requested(wanted)
        case (.awaitingUpdate, .list(let query)) where capabilities.contains(.pull):
            return .list(query)
        case (.giving, .done) where peerRequests.isEmpty, (.wanting, .done):
            state = .ended
            return .leave
        case (.awaitingUpdate, .update(let updates)):
            state = .owingStatus
            return .update(updates)
        case (.awaitingUpdate, .delete(let deletions)) where capabilities.contains(.delete):
            state = .owingDone
            return .delete(deletions)
        case (.awaitingObjects, .putObjects):
            state = .inTarStream(TarReader())
            return try next(from: buffer)
        case (.awaitingObjects, .putObject(let announcement)):
            let name = try ReceivedObjectName(received: announcement.fileName)
            state = .inObject(remaining: announcement.size)
            return .objectBegins(name, size: announcement.size)
        case (.awaitingDone, .done):
            state = .owingDone
            return .publish
        // In version 0 no object may have been missing; in version 1 `done` in place of objects gives up.
        case (.awaitingObjects, .done) where version == .zero:
            state = .owingDone
            return .publish
        case (.awaitingInfo, .done), (.awaitingUpdate, .done), (.refused, .done), (.awaitingObjects, .done):
            state = .ended
            return .leave
        default: throw unexpected(message)
        }
    }

    private func unexpected(_ message: Message) -> ProtocolError {
        let activity = if case .giving = state { "pull" } else { "push" }
        return ProtocolError(
            .outOfOrder,
            "the client sent \(message.type) where \(expectation) was due, so the \(activity) is given up")
    }

    private mutating func event(of arrival: OwnRequests.Arrival) -> Event {
        switch arrival {
        case .begins(let name, let size):
            state = .inObject(remaining: size)
            return .objectBegins(.object(name), size: size)
        case .continues(let name, let point):
            state = .inObject(remaining: point.remaining)
            return .objectContinues(name, point)
        case .beginsAhead(let name, let size):
            state = .inObject(remaining: size)
            return .aheadBegins(name, size: size)
        case .absent(let name): return .objectAbsent(name)
        case .sentAhead(let name): return .objectSentAhead(name)
        case .aheadEnds: return .aheadEnds
        }
    }

    /// Answers `info`; in version 0 this is the first message.
    ///
    /// - Parameter info: its capabilities must be among the client's, and are in use from now on.
    public mutating func reply(info: Info) throws(ProtocolError) -> [UInt8] {
        guard case .owingInfo = state else { throw misplaced("info") }
        let frame = try Message.info(info).frame(version: version, large: capabilities.contains(.largeFrames))
        capabilities = info.capabilities
        reader.allowsLargeFrames = capabilities.contains(.largeFrames)
        state = .awaitingUpdate
        return frame
    }

    /// Answers `update`.
    public mutating func reply(status: Status) throws(ProtocolError) -> [UInt8] {
        guard case .owingStatus = state else { throw misplaced("status") }
        let frame = try Message.status(status).frame(version: version)
        state = status.accepted ? capabilities.contains(.want) ? .wanting : .awaitingObjects : .refused
        return frame
    }

    /// Indicates that an object's bytes are not all here.
    public var isInsideObject: Bool { if case .inObject = state { true } else { false } }

    /// With `Capability.want`: requests objects, of which `wantLimit` may be unanswered, also while one arrives.
    public mutating func want(_ wanted: [WantedObject]) throws(ProtocolError) -> [UInt8] {
        let isDue: Bool
        switch state {
        case .wanting, .inObject: isDue = capabilities.contains(.want)
        default: isDue = false
        }
        guard isDue, requests.note(wanted, capabilities) else { throw misplaced("want") }
        return try Message.want(wanted).frame(version: version)
    }

    /// With `Capability.want`: says that nothing is missing; the next event is `publish`, with `Capability.prompt` at once.
    public mutating func wantNothing() throws(ProtocolError) -> [UInt8] {
        guard case .wanting = state, unansweredWants == 0 else { throw misplaced("want") }
        state = capabilities.contains(.prompt) ? .complete : .awaitingDone
        return try Message.want([]).frame(version: version)
    }

    /// With `Capability.want`: after `publish`, returns to requesting, because an object was removed meanwhile.
    public mutating func wantMore() throws(ProtocolError) {
        guard case .owingDone = state, capabilities.contains(.want) else { throw misplaced("want") }
        state = .wanting
    }

    /// With `Capability.pull`: the answer for the object that was requested first, before its bytes if there are any.
    public mutating func object(_ answer: ObjectAnswer) throws(ProtocolError) -> [UInt8] {
        guard case .giving = state, peerRequests.answer(answer) else {
            throw misplaced("object \(answer.name)")
        }
        return try Message.object(answer).frame(version: version)
    }

    /// With `Capability.pull` and `Capability.ahead`: the header before the bytes of an object that was not
    /// requested.
    public func ahead(_ answer: ObjectAnswer) throws(ProtocolError) -> [UInt8] {
        guard case .giving = state, capabilities.contains(.ahead) else {
            throw misplaced("object \(answer.name)")
        }
        return try Message.ahead(answer).frame(version: version)
    }

    /// With `Capability.pull`: answers `list` with some of the refs.
    public func refs(_ refs: [ListedRef]) throws(ProtocolError) -> [UInt8] {
        guard case .awaitingUpdate = state, capabilities.contains(.pull) else { throw misplaced("refs") }
        return try Message.refs(refs).frame(version: version, large: capabilities.contains(.largeFrames))
    }

    /// With `Capability.want`: reports the results for refs, before `finish`.
    public func results(_ results: [RefEditResult]) throws(ProtocolError) -> [UInt8] {
        guard case .owingDone = state, capabilities.contains(.want) else { throw misplaced("results") }
        return try Message.results(results).frame(
            version: version, large: capabilities.contains(.largeFrames))
    }

    /// Acknowledges a verified object: one message in version 0, nothing in version 1.
    public mutating func acknowledgeObject() throws(ProtocolError) -> [UInt8] {
        guard case .owingObjectStatus = state else { return [] }
        state = .awaitingObjects
        return try Message.status(Status(accepted: true)).frame(version: version)
    }

    /// Says that everything was published: one message in version 1, nothing in version 0, whose clients look only at
    /// the exit status.
    public mutating func finish() throws(ProtocolError) -> [UInt8] {
        guard case .owingDone = state else { throw misplaced("done") }
        state = .ended
        return version == .one ? try Message.done.frame(version: version) : []
    }

    /// Reports a failure by a refusing status, which every client takes for a failure at any time, since it expects only the
    /// message that is due.
    ///
    /// - Parameters:
    ///   - reason: the reason, for people.
    ///   - isFinal: true if the refs are refused whichever ancestors come with them.
    /// - Returns: nothing if the session is over.
    public mutating func refusal(_ reason: String, isFinal: Bool = false) -> [UInt8] {
        if case .ended = state { return [] }
        state = .ended
        // A frame's body holds 65,535 bytes; a reason is a sentence.
        let status = Status(
            accepted: false, message: reason.forDisplay(limit: 4000),
            isFinal: isFinal && capabilities.contains(.history))
        return (try? Message.status(status).frame(version: version)) ?? []
    }

    /// Tells the session that the input ended.
    ///
    /// - Throws: `ProtocolError` unless the session was over.
    public func inputEnded(in buffer: StreamBuffer) throws(ProtocolError) {
        if case .ended = state { return }
        let place =
            buffer.readable.isEmpty ? "where \(expectation) was due" : "in the middle of \(expectation)"
        throw ProtocolError(
            .truncated, "the client went away \(place), so nothing was changed; push again if it was cut off")
    }

    private var expectation: String {
        switch state {
        case .awaitingInfo, .owingInfo: "info"
        case .awaitingUpdate, .owingStatus: "update"
        case .refused, .inRefusedObject: "done"
        case .giving: "want or done"
        case .awaitingObjects, .owingObjectStatus: "putobjects or done"
        case .inTarStream(let tar): tar.isInsideMember ? "an object" : "the object stream"
        case .inObject: "an object"
        case .wanting: requests.due.map { "object \($0)" } ?? "done"
        case .complete, .awaitingDone, .owingDone, .ended: "done"
        }
    }

    private func misplaced(_ answer: String) -> ProtocolError {
        ProtocolError(
            .outOfOrder, "the receiver was about to send \(answer) where the client waits for something else")
    }
}
