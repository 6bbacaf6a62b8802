// SPDX-License-Identifier: Apache-2.0

import Variants

/// The versions of the protocol.
public enum ProtocolVersion: UInt8, Sendable, CaseIterable {
    /// The first ostree-push.
    case zero = 0
    /// BuildStream's artifact cache.
    case one = 1
}

/// The kinds of message.
public enum MessageType: UInt8, Sendable, CaseIterable {
    /// Mode, refs and capabilities of a side.
    case info = 0
    /// The refs to move, each with its old and new commit.
    case update = 1
    /// Objects follow.
    case putObjects = 2
    /// An acceptance, or a refusal with its reason.
    case status = 3
    /// A side's last message.
    case done = 4
    /// With `Capability.want` or `Capability.pull`: the objects that a side requests.
    case want = 5
    /// With `Capability.want` or `Capability.pull`: a requested object follows.
    case object = 6
    /// With `Capability.want`: the result for each ref.
    case results = 7
    /// With `Capability.want`: the receiver's activity.
    case progress = 8
    /// With `Capability.delete`: the refs to remove.
    case delete = 9
    /// With `Capability.ahead`: an object follows that was not requested.
    case ahead = 10
    /// With `Capability.pull`: the client asks which refs there are.
    case list = 11
    /// With `Capability.pull`: some of the receiver's refs.
    case refs = 12
    /// With `Capability.resume`: the rest of a requested object follows.
    case rest = 13
}

extension MessageType: CustomStringConvertible {
    /// The type's name in the protocol's description.
    public var description: String {
        switch self {
        case .info: "info"
        case .update: "update"
        case .putObjects: "putobjects"
        case .status: "status"
        case .done: "done"
        case .want: "want"
        case .object: "object"
        case .results: "results"
        case .progress: "progress"
        case .delete: "delete"
        case .ahead: "ahead"
        case .list: "list"
        case .refs: "refs"
        case .rest: "rest"
        }
    }
}

/// The five bytes before each body: byte order, version, type, and the body's length in that byte order.
///
/// With `Capability.largeFrames`, larger bodies have seven: `L` for a little-endian body, and a length of four bytes.
public struct FrameHeader: Equatable, Sendable {
    /// The header's size in bytes, before a body of at most `maximumBodySize`.
    public static let byteCount = 5
    /// The header's size in bytes before a larger one.
    static let maximumByteCount = 7
    /// The largest body of every peer, in bytes.
    public static let maximumBodySize = Int(UInt16.max)
    /// The largest body with `Capability.largeFrames`, in bytes.
    public static let maximumLongBodySize = 4 * 1024 * 1024

    private static let longMark = UInt8(ascii: "L")

    /// The byte order of the length and of the body.
    public var order: ByteOrder
    /// The version that the sender speaks.
    public var version: ProtocolVersion
    /// The kind of message.
    public var type: MessageType
    /// The body's size in bytes.
    public var bodySize: Int

    /// Makes a header.
    public init(order: ByteOrder, version: ProtocolVersion, type: MessageType, bodySize: Int) {
        self.order = order
        self.version = version
        self.type = type
        self.bodySize = bodySize
    }

    /// Reads a header as soon as it is all there.
    ///
    /// - Returns: nil where there are fewer than five bytes.
    /// - Throws: `ProtocolError` at the first byte that cannot be part of a header.
    public init?(reading bytes: UnsafeRawBufferPointer, large: Bool = false) throws(ProtocolError) {
        guard let orderByte = bytes.first else { return nil }
        switch orderByte {
        case FrameHeader.longMark where large: order = .little
        case UInt8(ascii: "l"): order = .little
        case UInt8(ascii: "B"): order = .big
        default:
            if bytes.prefix(3).allSatisfy(FrameHeader.isText) { throw FrameHeader.foreignText(bytes) }
            throw ProtocolError(
                .malformed,
                "the peer does not speak the artifact protocol: a message begins with byte \(orderByte) instead of "
                    + "a byte order, so check that the far side starts a receiver and prints nothing else")
        }
        guard bytes.count > 1 else { return nil }
        guard let version = ProtocolVersion(rawValue: bytes[1]) else {
            // A message of an unknown version would go on with a small number.
            if bytes.prefix(3).allSatisfy(FrameHeader.isText) { throw FrameHeader.foreignText(bytes) }
            throw ProtocolError(
                .malformed,
                "the peer speaks version \(bytes[1]) of the protocol, and only 0 and 1 are known here")
        }
        guard bytes.count > 2 else { return nil }
        guard let type = MessageType(rawValue: bytes[2]),
            version == .one || type.rawValue <= MessageType.done.rawValue
        else {
            throw ProtocolError(.malformed, "the peer sent a message of the unknown type \(bytes[2])")
        }
        self.version = version
        self.type = type
        guard
            bytes.count
                >= (orderByte == FrameHeader.longMark ? FrameHeader.maximumByteCount : FrameHeader.byteCount)
        else {
            return nil
        }
        if orderByte == FrameHeader.longMark {
            bodySize = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 3, as: UInt32.self)))
            guard bodySize > FrameHeader.maximumBodySize else {
                throw ProtocolError(
                    .malformed, "the peer sent a message of \(bodySize) bytes in the form for longer ones")
            }
            guard bodySize <= FrameHeader.maximumLongBodySize else {
                throw ProtocolError(
                    .tooLarge,
                    "the peer sent a message of \(bodySize) bytes, and at most \(FrameHeader.maximumLongBodySize) are taken"
                )
            }
            return
        }
        let (first, second) = (Int(bytes[3]), Int(bytes[4]))
        bodySize = order == .little ? second << 8 | first : first << 8 | second
    }

    /// Returns true for a byte of text, which is never a version of the protocol.
    private static func isText(_ byte: UInt8) -> Bool {
        [9, 10, 13, 27].contains(byte) || byte >= 32 && byte != 127
    }

    private static func foreignText(_ bytes: UnsafeRawBufferPointer) -> ProtocolError {
        ProtocolError(
            .foreignText,
            "the peer does not speak the artifact protocol: where a message should begin, it says \(foreignText(in: bytes)), so "
                + "check that the far side starts a receiver and prints nothing else")
    }

    /// The text, without a message that may follow, quoted on one line.
    package static func foreignText(in bytes: UnsafeRawBufferPointer) -> String {
        var text = bytes.prefix(1000).prefix(while: isText)
        let rest = bytes[text.endIndex...]
        if let last = text.last, [UInt8(ascii: "l"), UInt8(ascii: "B")].contains(last), rest.first ?? 2 <= 1 {
            text = text.dropLast()
        }
        let words = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.isEmpty ? "an empty line" : "'\(words.joined(separator: " ").forDisplay())'"
    }

    /// The size of the header in bytes.
    public var size: Int {
        bodySize > FrameHeader.maximumBodySize ? FrameHeader.maximumByteCount : FrameHeader.byteCount
    }

    /// The header as it travels.
    public var bytes: [UInt8] {
        if bodySize > FrameHeader.maximumBodySize {
            return [FrameHeader.longMark, version.rawValue, type.rawValue]
                + [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: bodySize >> $0) }
        }
        let low = UInt8(truncatingIfNeeded: bodySize)
        let high = UInt8(truncatingIfNeeded: bodySize >> 8)
        return switch order {
        case .little: [UInt8(ascii: "l"), version.rawValue, type.rawValue, low, high]
        case .big: [UInt8(ascii: "B"), version.rawValue, type.rawValue, high, low]
        }
    }
}
