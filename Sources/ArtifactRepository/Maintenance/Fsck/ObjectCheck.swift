// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A check that objects of a repository, of any mode, match their names.
///
/// It reuses its buffers, so each thread needs its own.
final class ObjectCheck {
    private let repository: Repository
    private let wholeFiles = WholeFileDecoder()
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)

    init(_ repository: Repository) {
        self.repository = repository
    }

    deinit {
        buffer.deallocate()
    }

    /// Checks an object.
    ///
    /// - Returns: The size of its file in bytes.
    /// - Throws: `RepositoryError` with `badObject`; with `missingObject` if the repository lacks it.
    func check(_ name: ObjectName) throws -> UInt64 {
        switch try repository.source(name) {
        case .stored(let file, let size):
            if name.type == .file {
                try checkArchived(file, size: size, name)
            } else {
                try checkStored(file, size: size, name)
            }
            return size
        case .file(let header, let file, let size):
            try checkFile(header, file, name)
            return size
        case .link(let header):
            let digest = Digest()
            digest.update(header.hashedPrefix)
            try require(digest.finish(), name)
            return 0
        }
    }

    private func checkStored(_ file: Descriptor, size: UInt64, _ name: ObjectName) throws {
        guard size <= UInt64(Commit.maximumMetadataSize) else {
            throw RepositoryError.badObject(name, "it is larger than \(Commit.maximumMetadataSize) bytes")
        }
        guard size <= UInt64(buffer.count) else {
            return try file.readAll(limit: Commit.maximumMetadataSize).withUnsafeBytes {
                try checkMetadata($0, name)
            }
        }
        try checkMetadata(try read(file, at: 0), name)
    }

    private func checkArchived(_ file: Descriptor, size: UInt64, _ name: ObjectName) throws {
        // Decoding in memory is faster, but only the streaming decoder tells the reason for a failure.
        if size <= UInt64(buffer.count), wholeFiles.decode(try read(file, at: 0), name) != nil { return }
        var decoder = FilezDecoder(name)
        var offset: UInt64 = 0
        while true {
            let part = try read(file, at: offset)
            if part.isEmpty { break }
            try decoder.write(part) { _ in }
            offset += UInt64(part.count)
        }
        _ = try decoder.finish()
    }

    private func checkFile(_ header: FileHeader, _ file: Descriptor, _ name: ObjectName) throws {
        let digest = Digest()
        digest.update(header.hashedPrefix)
        var offset: UInt64 = 0
        while true {
            let part = try read(file, at: offset)
            if part.isEmpty { break }
            digest.update(part)
            offset += UInt64(part.count)
        }
        try require(digest.finish(), name)
    }

    private func require(_ actual: Checksum, _ name: ObjectName) throws {
        guard actual == name.checksum else {
            throw RepositoryError.badObject(name, "its content has the checksum \(actual)")
        }
    }

    /// Reads from `offset` on until the buffer is full or the file ends.
    private func read(_ file: Descriptor, at offset: UInt64) throws -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[..<(try file.fill(buffer, at: offset))])
    }
}
