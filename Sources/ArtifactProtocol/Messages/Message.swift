// SPDX-License-Identifier: Apache-2.0

import Variants

/// The head of one object in version 0.
public struct ObjectAnnouncement: Equatable, Sendable {
    /// The object's file name, not yet checked.
    public var fileName: String
    /// How many bytes follow.
    public var size: UInt64

    /// Announces an object.
    public init(fileName: String, size: UInt64) {
        self.fileName = fileName
        self.size = size
    }
}

/// The answer to an `update` or an object.
public struct Status: Equatable, Sendable {
    /// Whether the sender accepts.
    public var accepted: Bool
    /// Why not; empty otherwise.
    public var message: String

    /// Accepts, or gives the reason for not accepting.
    public init(accepted: Bool, message: String = "") {
        self.accepted = accepted
        self.message = message
    }
}

/// One message of the protocol.
public enum Message: Equatable, Sendable {
    /// See `Info`.
    case info(Info)
    /// See `RefUpdate`.
    case update([RefUpdate])
    /// Version 1: a tar stream follows.
    case putObjects
    /// Version 0: this object follows.
    case putObject(ObjectAnnouncement)
    /// See `Status`.
    case status(Status)
    /// The sender has nothing more to say.
    case done

    /// The message's type.
    public var type: MessageType {
        switch self {
        case .info: .info
        case .update: .update
        case .putObjects, .putObject: .putObjects
        case .status: .status
        case .done: .done
        }
    }

    /// Reads a body.
    ///
    /// - Throws: `ProtocolError` where it is not the normal form of what a message of this type must hold.
    public init(header: FrameHeader, body bytes: UnsafeRawBufferPointer) throws(ProtocolError) {
        let body: Variant
        do {
            body = try Variant(parsing: bytes, as: "a{sv}", order: header.order)
        } catch {
            throw ProtocolError(
                .malformed, "the body of the peer's \(header.type) message is damaged: \(error)")
        }
        switch (header.type, header.version) {
        case (.info, let version): self = .info(try Info(body: body, version: version))
        case (.update, _): self = .update(try RefUpdate.list(body: body))
        case (.putObjects, .one): self = .putObjects
        case (.putObjects, .zero):
            guard let name = body.entry("object")?.string, let size = body.entry("size")?.uint64 else {
                throw ProtocolError(
                    .malformed,
                    "the peer's putobjects names no object and size (keys object, type s; size, type t)")
            }
            self = .putObject(ObjectAnnouncement(fileName: name, size: size))
        case (.status, _):
            guard let accepted = body.entry("result")?.bool, let message = body.entry("message")?.string
            else {
                throw ProtocolError(
                    .malformed,
                    "the peer's status has no result and message (keys result, type b; message, type s)")
            }
            self = .status(Status(accepted: accepted, message: message))
        case (.done, _): self = .done
        }
    }

    private var body: Variant {
        switch self {
        case .info(let info): info.body
        case .update(let updates): RefUpdate.body(updates)
        case .putObjects, .done: .dictionary([(key: String, value: Variant)]())
        case .putObject(let announcement):
            .dictionary([
                ("object", Variant.string(announcement.fileName)), ("size", .uint64(announcement.size)),
            ])
        case .status(let status):
            .dictionary([("result", Variant.bool(status.accepted)), ("message", .string(status.message))])
        }
    }

    /// The message as a frame.
    ///
    /// - Throws: `ProtocolError` with `tooLarge` where the body has more than 65,535 bytes.
    public func frame(
        version: ProtocolVersion, order: ByteOrder = .host
    ) throws(ProtocolError) -> [UInt8] {
        let body = body.serialized(order: order)
        guard body.count <= FrameHeader.maximumBodySize else {
            throw ProtocolError(
                .tooLarge,
                "a \(type) message of \(body.count) bytes does not fit into a frame, which holds "
                    + "\(FrameHeader.maximumBodySize); name fewer refs at a time")
        }
        return FrameHeader(order: order, version: version, type: type, bodySize: body.count).bytes + body
    }
}
