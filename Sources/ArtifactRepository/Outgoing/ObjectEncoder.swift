// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// An object in the form in which it travels and in which archive repositories store it.
public struct EncodedObject: Sendable {
    enum Body: Sendable {
        case memory([UInt8])
        /// A file of the repository, opened only when it is sent, since many objects can be queued.
        case stored(Directory, path: String)
        case file(Descriptor)
    }

    /// The object's name.
    public let name: ObjectName
    /// The size of this form in bytes.
    public let size: UInt64
    let body: Body

    /// The bytes of memory or temporary files that it occupies.
    let occupied: UInt64

    init(name: ObjectName, size: UInt64, body: Body, occupied: UInt64? = nil) {
        self.name = name
        self.size = size
        self.body = body
        self.occupied = occupied ?? size
    }

    /// Passes its bytes to `write`, piece by piece.
    ///
    /// - Parameters:
    ///   - buffer: holds a piece of an object that is in a file.
    ///   - offset: the number of bytes to leave out at the beginning, at most `size`.
    ///   - write: receives each piece.
    /// - Throws: Errors of `write`; `RepositoryError` if the object's file becomes shorter meanwhile.
    public func forEachPiece(
        buffer: UnsafeMutableRawBufferPointer, from offset: UInt64 = 0,
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch body {
        case .memory(let bytes):
            try bytes.withUnsafeBytes { try write(UnsafeRawBufferPointer(rebasing: $0[Int(offset)...])) }
        case .stored(let directory, let path):
            try forEachPiece(of: try directory.openFile(path), from: offset, buffer, write)
        case .file(let file): try forEachPiece(of: file, from: offset, buffer, write)
        }
    }

    private func forEachPiece(
        of file: Descriptor, from start: UInt64, _ buffer: UnsafeMutableRawBufferPointer,
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var offset = start
        while offset < size {
            let wanted = min(UInt64(buffer.count), size - offset)
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(wanted)]), at: offset)
            guard count > 0 else {
                throw RepositoryError.badObject(name, "it became shorter while it was being sent")
            }
            try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += UInt64(count)
        }
    }
}

/// An encoder of objects into the form in which they travel.
///
/// It reuses its buffers, so each thread needs its own.
public final class ObjectEncoder {
    private let repository: Repository
    private let deflater: Deflater
    private let content: UnsafeMutableRawBufferPointer

    /// Creates an encoder for objects of `repository`.
    public init(_ repository: Repository, compression: Compression = .balanced) {
        self.repository = repository
        deflater = Deflater(compression)
        content = .allocate(byteCount: Deflater.partSize, alignment: 64)
    }

    deinit {
        content.deallocate()
    }

    /// Opens an object, and compresses it unless it is stored compressed.
    ///
    /// - Throws: `RepositoryError` with `missingObject` if the repository lacks it.
    public func encode(_ name: ObjectName) throws -> EncodedObject {
        try encode(name) { parts, use in
            for part in parts { try use(compress(part)) }
        }
    }

    /// Opens an object; `compressParts` compresses the parts of a large file in any order and passes the
    /// results to `use` in sequence.
    func encode(
        _ name: ObjectName,
        compressParts: ([ContentPart], _ use: ([UInt8]) throws -> Void) throws -> Void
    ) throws -> EncodedObject {
        switch try repository.source(name) {
        case .stored(_, let size):
            let body = EncodedObject.Body.stored(repository.objects, path: repository.objectPath(name))
            return EncodedObject(name: name, size: size, body: body, occupied: 0)
        case .link(let header):
            let bytes = header.archivePrefix(size: 0)
            return EncodedObject(name: name, size: UInt64(bytes.count), body: .memory(bytes))
        case .file(let header, let file, let size) where size <= UInt64(Deflater.partSize):
            let part = ContentPart(name: name, file: file, start: 0, size: Int(size), isLast: true)
            let bytes = deflater.compress(try read(part), after: header.archivePrefix(size: size))
            return EncodedObject(name: name, size: UInt64(bytes.count), body: .memory(bytes))
        case .file(let header, let file, let size):
            // The size is sent before the bytes, so a large file is compressed into a temporary file.
            let target = try repository.temporaryFile()
            try target.writeAll(header.archivePrefix(size: size))
            try compressParts(ContentPart.all(of: file, name, size: size)) { try target.writeAll($0) }
            let compressed = UInt64(try target.status().st_size)
            // Counts at least a part's size, so that the byte limit also bounds the number of open descriptors.
            return EncodedObject(
                name: name, size: compressed, body: .file(target),
                occupied: max(compressed, UInt64(Deflater.partSize)))
        }
    }

    /// Compresses a part of a large file.
    func compress(_ part: ContentPart) throws -> [UInt8] {
        deflater.compressPart(try read(part), isLast: part.isLast)
    }

    private func read(_ part: ContentPart) throws -> UnsafeRawBufferPointer {
        let buffer = UnsafeMutableRawBufferPointer(rebasing: content[..<part.size])
        guard try part.file.fill(buffer, at: part.start) == part.size else {
            throw RepositoryError.badObject(part.name, "its file became shorter")
        }
        return UnsafeRawBufferPointer(buffer)
    }
}

/// A contiguous part of a large file's content.
struct ContentPart: Sendable {
    let name: ObjectName
    let file: Descriptor
    let start: UInt64
    let size: Int
    let isLast: Bool

    static func all(of file: Descriptor, _ name: ObjectName, size: UInt64) -> [ContentPart] {
        stride(from: 0, to: size, by: Deflater.partSize).map { start in
            let rest = size - start
            return ContentPart(
                name: name, file: file, start: start, size: Int(min(rest, UInt64(Deflater.partSize))),
                isLast: rest <= UInt64(Deflater.partSize))
        }
    }
}

extension Repository {
    /// Creates an unnamed file in the repository or, if that is not writable, in `TMPDIR` or `/var/tmp`.
    package func temporaryFile() throws -> Descriptor {
        if let own = try? standardDirectory("tmp").unnamedFile() { return own }
        return try Directory(getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp").unnamedFile()
    }
}
