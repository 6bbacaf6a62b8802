// SPDX-License-Identifier: Apache-2.0

/// The body of `want`: names of objects, 33 bytes each, a byte for the type and the checksum. An empty one means that nothing is
/// missing.
enum WantedObjects {
    static let entrySize = 1 + Checksum.byteCount

    static func parse(_ body: UnsafeRawBufferPointer) throws(ProtocolError) -> [ObjectName] {
        guard body.count % entrySize == 0 else {
            throw ProtocolError(.malformed, "the peer's want is cut within the name of an object")
        }
        return try stride(from: 0, to: body.count, by: entrySize).map { (start) throws(ProtocolError) in
            try ObjectName(wire: UnsafeRawBufferPointer(rebasing: body[start..<start + entrySize]))
        }
    }

    static func body(_ names: [ObjectName]) -> [UInt8] { names.flatMap(\.wireBytes) }
}

/// The body of `object` and `ahead`: name and size of the object whose bytes follow the frame.
public struct ObjectAnswer: Equatable, Sendable {
    /// The answers to a request.
    public enum Content: Equatable, Sendable {
        /// The object, whose so many bytes follow.
        case bytes(UInt64)
        /// The sender does not have the object.
        case absent
        /// With `Capability.ahead`: the sender has sent the object before it got the request.
        case sentAhead
    }

    /// The object.
    public var name: ObjectName
    /// The answer.
    public var content: Content

    static let byteCount = WantedObjects.entrySize + 8

    /// Answers a request.
    public init(_ name: ObjectName, _ content: Content) {
        self.name = name
        self.content = content
    }

    /// Answers with an object of `size` bytes; nil if there is none.
    public init(_ name: ObjectName, size: UInt64?) {
        self.init(name, size.map(Content.bytes) ?? .absent)
    }

    init(body: UnsafeRawBufferPointer) throws(ProtocolError) {
        guard body.count == ObjectAnswer.byteCount else {
            throw ProtocolError(
                .malformed, "the peer's object message has \(body.count) bytes, not \(ObjectAnswer.byteCount)"
            )
        }
        name = try ObjectName(wire: UnsafeRawBufferPointer(rebasing: body[..<WantedObjects.entrySize]))
        let number = UInt64(
            littleEndian: body.loadUnaligned(fromByteOffset: WantedObjects.entrySize, as: UInt64.self))
        switch number {
        case .max: content = .absent
        case .max - 1: content = .sentAhead
        default: content = .bytes(number)
        }
    }

    var body: [UInt8] {
        let number: UInt64
        switch content {
        case .bytes(let size): number = size
        case .absent: number = .max
        case .sentAhead: number = .max - 1
        }
        return withUnsafeBytes(of: number.littleEndian) { name.wireBytes + $0 }
    }
}

extension ObjectType {
    /// OSTree's number for the type.
    fileprivate var number: UInt8 {
        switch self {
        case .file: 1
        case .dirtree: 2
        case .dirmeta: 3
        case .commit: 4
        case .commitmeta: 6
        }
    }
}

extension ObjectName {
    fileprivate init(wire bytes: UnsafeRawBufferPointer) throws(ProtocolError) {
        guard let type = ObjectType.allCases.first(where: { $0.number == bytes[0] }),
            let checksum = Checksum(bytes: UnsafeRawBufferPointer(rebasing: bytes[1...]))
        else {
            throw ProtocolError(.malformed, "the peer speaks of an object of the unknown type \(bytes[0])")
        }
        self.init(checksum, type)
    }

    fileprivate var wireBytes: [UInt8] { [type.number] + checksum.bytes }
}
