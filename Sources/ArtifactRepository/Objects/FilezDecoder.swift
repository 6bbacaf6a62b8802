// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A streaming decoder of a `.filez` object that checks form, size and checksum.
///
/// Format: four bytes big-endian size of the header, four zero bytes, the header, then the content as a raw
/// deflate stream (nothing for a symbolic link).
struct FilezDecoder {
    private enum State {
        case prefix
        case header(size: Int)
        case content
    }

    private let name: ObjectName
    private var state = State.prefix
    private var pending: [UInt8] = []
    private let digest = Digest()
    private var inflater: Inflater?
    private var remaining: UInt64 = 0
    /// The number of compressed bytes that are still accepted: deflate allows any number of empty blocks.
    private var allowance: UInt64 = 0
    /// The header; nil until it has been read.
    private(set) var header: FileHeader?

    /// Creates a decoder for the object `name`.
    init(_ name: ObjectName) {
        self.name = name
    }

    /// Decodes the next bytes of the object and passes the content in them to `content`.
    ///
    /// - Throws: `RepositoryError` with `badObject` as soon as the object is known to be wrong; errors of `content`.
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, content: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .prefix:
                guard let prefix = collect(8, from: &rest) else { return }
                guard let size = prefix.withUnsafeBytes(FilezDecoder.headerSize) else {
                    throw RepositoryError.badObject(name, "it does not begin like an archived file")
                }
                state = .header(size: size)
            case .header(let size):
                guard let bytes = collect(size, from: &rest) else { return }
                let (header, contentSize) = try bytes.withUnsafeBytes { raw in
                    try FileHeader.archive(raw, of: name)
                }
                self.header = header
                digest.update(header.hashedPrefix)
                remaining = contentSize
                allowance = FilezDecoder.allowance(contentSize: contentSize)
                if !header.isLink { inflater = Inflater(name) }
                pending = []
                state = .content
            case .content:
                try inflate(rest, content: content)
                return
            }
        }
    }

    private mutating func inflate(
        _ bytes: UnsafeRawBufferPointer, content: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let inflater else { throw RepositoryError.badObject(name, "bytes follow a symbolic link") }
        // Bytes beyond the allowance are dropped; an error in those before takes precedence.
        let allowed = UnsafeRawBufferPointer(rebasing: bytes[..<Int(min(UInt64(bytes.count), allowance))])
        allowance -= UInt64(allowed.count)
        try inflater.inflate(allowed) { inflated in
            guard inflated.count <= remaining else {
                throw RepositoryError.badObject(name, "its content is longer than its header says")
            }
            remaining -= UInt64(inflated.count)
            digest.update(inflated)
            try content(inflated)
        }
        guard allowed.count == bytes.count else {
            throw RepositoryError.badObject(name, "its compressed form is more than twice its content")
        }
    }

    /// The maximum compressed size of content with `contentSize` bytes.
    static func allowance(contentSize: UInt64) -> UInt64 { min(contentSize, .max / 4) * 2 + 65536 }

    /// Splits an object that is completely in memory into its parts.
    ///
    /// - Returns: nil if it is malformed; a decoder instance throws the reason.
    static func split(
        _ bytes: UnsafeRawBufferPointer, _ name: ObjectName
    ) -> (header: FileHeader, contentSize: UInt64, body: UnsafeRawBufferPointer)? {
        guard let size = headerSize(bytes), size <= bytes.count - 8,
            let (header, contentSize) = try? FileHeader.archive(
                UnsafeRawBufferPointer(rebasing: bytes[8..<8 + size]), of: name)
        else { return nil }
        return (header, contentSize, UnsafeRawBufferPointer(rebasing: bytes[(8 + size)...]))
    }

    /// The size of the header that follows the first eight bytes; nil if an object does not begin like that.
    private static func headerSize(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 8, bytes[4..<8].allSatisfy({ $0 == 0 }) else { return nil }
        let size = Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        return size <= FileHeader.maximumSize ? size : nil
    }

    /// Collects `count` bytes across calls of `write`; nil until they are complete.
    private mutating func collect(_ count: Int, from rest: inout UnsafeRawBufferPointer) -> [UInt8]? {
        let part = min(count - pending.count, rest.count)
        pending.append(contentsOf: rest[..<part])
        rest = UnsafeRawBufferPointer(rebasing: rest[part...])
        guard pending.count == count else { return nil }
        defer { pending = [] }
        return pending
    }

    /// Checks that the object is complete and has its checksum.
    ///
    /// - Returns: The object's header.
    func finish() throws(RepositoryError) -> FileHeader {
        guard let header else { throw .badObject(name, "it ends within its header") }
        guard remaining == 0, inflater?.isComplete ?? true else {
            throw .badObject(name, "it ends before its content does")
        }
        try digest.check(name)
        return header
    }
}
