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

/// The body of `object`: name and size of the object whose bytes follow the frame.
public struct ObjectAnswer: Equatable, Sendable {
    /// The object.
    public var name: ObjectName
    /// The number of bytes that follow; nil if the sender does not have it.
    public var size: UInt64?

    static let byteCount = WantedObjects.entrySize + 8

    /// Answers with an object of `size` bytes; nil if there is none.
    public init(_ name: ObjectName, size: UInt64?) {
        self.name = name
        self.size = size
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
        size = number == .max ? nil : number
    }

    var body: [UInt8] {
        withUnsafeBytes(of: (size ?? .max).littleEndian) { name.wireBytes + $0 }
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
