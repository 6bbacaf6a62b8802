// SPDX-License-Identifier: Apache-2.0

/// The body of `want`: names of objects, 33 bytes each, a byte for the type and the checksum. An empty one means that nothing is
/// missing.
///
/// With `Capability.resume`, an entry whose type has the highest bit set goes on with the whole size and the offset, eight bytes
/// each.
enum WantedObjects {
    static let entrySize = 1 + Checksum.byteCount

    private static let resumeBit: UInt8 = 0x80
    private static let resumePointSize = 16

    static func parse(_ body: UnsafeRawBufferPointer) throws(ProtocolError) -> [WantedObject] {
        var wanted: [WantedObject] = []
        var start = 0
        while start < body.count {
            let isResumed = body[start] & resumeBit != 0
            let end = start + entrySize + (isResumed ? resumePointSize : 0)
            guard end <= body.count else {
                throw ProtocolError(.malformed, "the peer's want is cut within the name of an object")
            }
            let entry = UnsafeRawBufferPointer(rebasing: body[start..<end])
            wanted.append(try isResumed ? resumed(entry) : WantedObject(ObjectName(wire: entry)))
            start = end
        }
        return wanted
    }

    private static func resumed(_ entry: UnsafeRawBufferPointer) throws(ProtocolError) -> WantedObject {
        let name = try ObjectName(wire: entry, typeMask: ~resumeBit)
        let size = UInt64(littleEndian: entry.loadUnaligned(fromByteOffset: entrySize, as: UInt64.self))
        let offset = UInt64(
            littleEndian: entry.loadUnaligned(fromByteOffset: entrySize + 8, as: UInt64.self))
        guard name.type == .file, let point = ResumePoint(offset: offset, size: size) else {
            throw ProtocolError(
                .malformed,
                "the peer asks for the rest of object \(name) behind byte \(offset) of \(size), and only a file has one, behind a "
                    + "byte within it")
        }
        return WantedObject(name, from: point)
    }

    static func body(_ wanted: [WantedObject]) -> [UInt8] {
        var body: [UInt8] = []
        for object in wanted {
            let start = body.count
            body += object.name.wireBytes
            guard let point = object.resumePoint else { continue }
            body[start] |= resumeBit
            for number in [point.size, point.offset] {
                withUnsafeBytes(of: number.littleEndian) { body += $0 }
            }
        }
        return body
    }
}

/// The body of `object`, `rest` and `ahead`: name and size of the object whose bytes follow the frame.
public struct ObjectAnswer: Equatable, Sendable {
    /// The answers to a request.
    public enum Content: Equatable, Sendable {
        /// The object, whose so many bytes follow.
        case bytes(UInt64)
        /// With `Capability.resume`: the rest of the object, whose so many bytes follow.
        case rest(UInt64)
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

    init(restBody body: UnsafeRawBufferPointer) throws(ProtocolError) {
        try self.init(body: body)
        guard case .bytes(let count) = content else {
            throw ProtocolError(.malformed, "the peer's rest message has no bytes of object \(name)")
        }
        content = .rest(count)
    }

    var body: [UInt8] {
        let number: UInt64
        switch content {
        case .bytes(let size), .rest(let size): number = size
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
    /// Reads the name at the beginning of `bytes`.
    ///
    /// - Parameter typeMask: the bits of the first byte that tell the type.
    fileprivate init(wire bytes: UnsafeRawBufferPointer, typeMask: UInt8 = .max) throws(ProtocolError) {
        guard let type = ObjectType.allCases.first(where: { $0.number == bytes[0] & typeMask }),
            let checksum = Checksum(
                bytes: UnsafeRawBufferPointer(rebasing: bytes[1..<WantedObjects.entrySize]))
        else {
            throw ProtocolError(.malformed, "the peer speaks of an object of the unknown type \(bytes[0])")
        }
        self.init(checksum, type)
    }

    fileprivate var wireBytes: [UInt8] { [type.number] + checksum.bytes }
}
