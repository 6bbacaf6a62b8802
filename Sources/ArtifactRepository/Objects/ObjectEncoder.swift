// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// An object in the form in which it travels and in which archive repositories store it.
public struct EncodedObject: Sendable {
    enum Body: Sendable {
        case memory([UInt8])
        case file(Descriptor)
    }

    /// The object's name.
    public let name: ObjectName
    /// How many bytes it has in this form.
    public let size: UInt64
    let body: Body

    /// How many bytes of memory or of temporary files it occupies.
    let occupied: UInt64

    init(name: ObjectName, size: UInt64, body: Body, occupied: UInt64? = nil) {
        self.name = name
        self.size = size
        self.body = body
        self.occupied = occupied ?? size
    }

    /// Hands its bytes to `write`, piece by piece.
    ///
    /// - Throws: what `write` throws; `RepositoryError` where the object changes size under our hands.
    public func forEachPiece(
        buffer: UnsafeMutableRawBufferPointer, _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch body {
        case .memory(let bytes):
            try bytes.withUnsafeBytes(write)
        case .file(let file):
            var offset: UInt64 = 0
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
}

/// Brings objects into the form in which they travel.
///
/// One encoder serves one thread: it keeps its buffers.
public final class ObjectEncoder {
    private let repository: Repository
    private let deflater: Deflater
    private let content: UnsafeMutableRawBufferPointer

    /// Files up to this size are compressed in memory; the compressed form of larger ones goes to a temporary file,
    /// since its size must be known before it is sent. In bytes.
    static let inMemoryLimit = 1024 * 1024

    /// Makes an encoder for objects of `repository`.
    ///
    /// - Parameter level: as zlib counts: 0 stores, 1 is fast, 9 small.
    public init(_ repository: Repository, level: Int = 6) {
        self.repository = repository
        deflater = Deflater(level: level)
        content = .allocate(byteCount: ObjectEncoder.inMemoryLimit, alignment: 64)
    }

    deinit {
        content.deallocate()
    }

    /// Opens an object, compressing it where it is not stored compressed.
    ///
    /// - Throws: `RepositoryError` with `missingObject` where it is not there.
    public func encode(_ name: ObjectName) throws -> EncodedObject {
        switch try repository.source(name) {
        case .stored(let file, let size):
            return EncodedObject(name: name, size: size, body: .file(file), occupied: 0)
        case .link(let header):
            let bytes = header.archivePrefix(size: 0)
            return EncodedObject(name: name, size: UInt64(bytes.count), body: .memory(bytes))
        case .file(let header, let file, let size) where size <= UInt64(content.count):
            var filled = 0
            while filled < Int(size) {
                let count = try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: content[filled..<Int(size)]),
                    at: UInt64(filled))
                guard count > 0 else { throw RepositoryError.badObject(name, "its file became shorter") }
                filled += count
            }
            let bytes = deflater.compress(
                UnsafeRawBufferPointer(rebasing: content[..<filled]), after: header.archivePrefix(size: size))
            return EncodedObject(name: name, size: UInt64(bytes.count), body: .memory(bytes))
        case .file(let header, let file, let size):
            return try spool(name, header, file, size)
        }
    }

    private func spool(
        _ name: ObjectName, _ header: FileHeader, _ file: Descriptor, _ size: UInt64
    ) throws -> EncodedObject {
        let target = try repository.temporaryFile()
        try target.writeAll(header.archivePrefix(size: size))
        var offset: UInt64 = 0
        let stream = deflater.stream()
        while offset < size {
            let wanted = Int(min(UInt64(content.count), size - offset))
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: content[..<wanted]), at: offset)
            guard count > 0 else { throw RepositoryError.badObject(name, "its file became shorter") }
            offset += UInt64(count)
            try stream.write(UnsafeRawBufferPointer(rebasing: content[..<count]), isLast: offset == size) {
                try target.writeAll($0)
            }
        }
        return EncodedObject(name: name, size: UInt64(try target.status().st_size), body: .file(target))
    }
}

extension Repository {
    /// A file without a name, in the repository or, where that cannot be written, in the system's folder for large
    /// temporary files.
    func temporaryFile() throws -> Descriptor {
        if let own = try? root.directory("tmp").unnamedFile() { return own }
        return try Directory(getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp").unnamedFile()
    }
}
