// SPDX-License-Identifier: Apache-2.0

import Variants

/// The head of one object in version 0.
public struct ObjectAnnouncement: Equatable, Sendable {
    /// The object's file name, not yet checked.
    public var fileName: String
    /// The number of bytes that follow.
    public var size: UInt64

    /// Announces an object.
    public init(fileName: String, size: UInt64) {
        self.fileName = fileName
        self.size = size
    }
}

/// The answer to an `update` or an object.
public struct Status: Equatable, Sendable {
    /// Indicates that the sender accepts.
    public var accepted: Bool
    /// The reason of a refusal; empty otherwise.
    public var message: String
    /// With `Capability.history`: indicates that the refs would be refused without the ancestors that fill in a history, too.
    public var isFinal: Bool

    /// Accepts, or gives the reason for not accepting.
    public init(accepted: Bool, message: String = "", isFinal: Bool = false) {
        self.accepted = accepted
        self.message = message
        self.isFinal = isFinal
    }

    fileprivate init(body: Variant) throws(ProtocolError) {
        guard let accepted = body.entry("result")?.bool, let message = body.entry("message")?.string else {
            throw ProtocolError(
                .malformed,
                "the peer's status has no result and message (keys result, type b; message, type s)")
        }
        self.init(accepted: accepted, message: message, isFinal: body.entry("final")?.bool ?? false)
    }

    fileprivate var body: Variant {
        .dictionary(
            [("result", Variant.bool(accepted)), ("message", .string(message))]
                + (isFinal ? [("final", .bool(true))] : []))
    }
}

/// One message of the protocol.
public enum Message: Equatable, Sendable {
    /// See `Info`.
    case info(Info)
    /// The refs to move, with their expected commits.
    case update([RefEdit])
    /// Version 1: a tar stream follows.
    case putObjects
    /// Version 0: this object follows.
    case putObject(ObjectAnnouncement)
    /// See `Status`.
    case status(Status)
    /// The sender's last message.
    case done
    /// With `Capability.want` or `Capability.pull`: objects that a side requests, in order; an empty list if nothing is missing.
    case want([WantedObject])
    /// With `Capability.want` or `Capability.pull`: the answer to one of them; its bytes follow. The type is `rest` for the rest of
    /// an object.
    case object(ObjectAnswer)
    /// With `Capability.ahead`: an object that was not requested, whose bytes follow; nil if no more of them come before the next
    /// request.
    case ahead(ObjectAnswer?)
    /// With `Capability.want`: the results for refs.
    case results([RefEditResult])
    /// With `Capability.want`: the receiver's present activity in a few words, for people: `publishing`.
    case progress(activity: String)
    /// With `Capability.delete`: the refs to remove, with the commits they must point to.
    case delete([RefEdit])
    /// With `Capability.pull`: a request for the receiver's refs.
    case list(RefQuery)
    /// With `Capability.pull`: some of the receiver's refs; an empty list if there are no more.
    case refs([ListedRef])

    /// The message's type.
    public var type: MessageType {
        switch self {
        case .info: .info
        case .update: .update
        case .putObjects, .putObject: .putObjects
        case .status: .status
        case .done: .done
        case .want: .want
        case .object(let answer): if case .rest = answer.content { .rest } else { .object }
        case .results: .results
        case .progress: .progress
        case .delete: .delete
        case .ahead: .ahead
        case .list: .list
        case .refs: .refs
        }
    }

    /// Reads a body.
    ///
    /// - Throws: `ProtocolError` if it is not the normal form of a body of this type.
    public init(header: FrameHeader, body bytes: UnsafeRawBufferPointer) throws(ProtocolError) {
        switch header.type {
        case .want:
            self = .want(try WantedObjects.parse(bytes))
            return
        case .object:
            self = .object(try ObjectAnswer(body: bytes))
            return
        case .rest:
            self = .object(try ObjectAnswer(restBody: bytes))
            return
        case .ahead:
            self = .ahead(bytes.isEmpty ? nil : try ObjectAnswer(body: bytes))
            return
        default: break
        }
        let body: Variant
        do {
            body = try Variant(parsing: bytes, as: "a{sv}", order: header.order)
        } catch {
            throw ProtocolError(
                .malformed, "the body of the peer's \(header.type) message is damaged: \(error)")
        }
        switch (header.type, header.version) {
        case (.info, let version): self = .info(try Info(body: body, version: version))
        case (.update, _): self = .update(try RefEdit.updates(body: body))
        case (.putObjects, .one): self = .putObjects
        case (.putObjects, .zero):
            guard let name = body.entry("object")?.string, let size = body.entry("size")?.uint64 else {
                throw ProtocolError(
                    .malformed,
                    "the peer's putobjects names no object and size (keys object, type s; size, type t)")
            }
            self = .putObject(ObjectAnnouncement(fileName: name, size: size))
        case (.status, _): self = .status(try Status(body: body))
        case (.done, _): self = .done
        case (.results, _): self = .results(try RefEditResult.list(body: body))
        case (.progress, _): self = .progress(activity: body.entry("activity")?.string ?? "")
        case (.delete, _): self = .delete(try RefEdit.deletions(body: body))
        case (.list, _): self = .list(try RefQuery(body: body))
        case (.refs, _): self = .refs(try ListedRef.list(body: body))
        case (.want, _), (.object, _), (.rest, _), (.ahead, _):
            throw ProtocolError(.malformed, "the peer's \(header.type) message cannot be read")
        }
    }

    private func body(order: ByteOrder) -> [UInt8] {
        switch self {
        case .want(let wanted): WantedObjects.body(wanted)
        case .update(let edits): RefEdit.updateBody(edits)
        case .object(let answer): answer.body
        case .ahead(let answer): answer?.body ?? []
        default: dictionary.serialized(order: order)
        }
    }

    private var dictionary: Variant {
        switch self {
        case .info(let info): info.body
        case .putObjects, .done, .want, .update, .object, .ahead:
            .dictionary([(key: String, value: Variant)]())
        case .putObject(let announcement):
            .dictionary([
                ("object", Variant.string(announcement.fileName)), ("size", .uint64(announcement.size)),
            ])
        case .status(let status): status.body
        case .results(let results): RefEditResult.body(results)
        case .progress(let activity): .dictionary([("activity", Variant.string(activity))])
        case .delete(let edits): RefEdit.deletionBody(edits)
        case .list(let query): query.body
        case .refs(let refs): ListedRef.body(refs)
        }
    }

    /// The message as a frame.
    ///
    /// - Parameters:
    ///   - version: the version that is spoken.
    ///   - order: the byte order of the body.
    ///   - large: true if the peer has `Capability.largeFrames`.
    /// - Throws: `ProtocolError` with `tooLarge` where the body has more than 65,535 bytes, or with `large`
    ///   `FrameHeader.maximumLongBodySize`.
    public func frame(
        version: ProtocolVersion, order: ByteOrder = .host, large: Bool = false
    ) throws(ProtocolError) -> [UInt8] {
        var (order, body) = (order, body(order: order))
        let limit = large ? FrameHeader.maximumLongBodySize : FrameHeader.maximumBodySize
        guard body.count <= limit else {
            throw ProtocolError(
                .tooLarge,
                "a \(type) message of \(body.count) bytes does not fit into a frame, which holds \(limit); name fewer refs at "
                    + "a time")
        }
        if body.count > FrameHeader.maximumBodySize, order != .little {
            (order, body) = (.little, self.body(order: .little))
        }
        let header = FrameHeader(order: order, version: version, type: type, bodySize: body.count)
        // In place, where the body has been given space for it.
        body.insert(contentsOf: header.bytes, at: 0)
        return body
    }
}
