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
        guard name.type == .file else {
            return try repository.load(name) { bytes in
                try checkMetadata(bytes, name)
                return UInt64(bytes.count)
            }
        }
        switch try repository.source(name) {
        case .stored(let file, let size):
            try checkArchived(file, size: size, name)
            return size
        case .file(let header, let file, let size):
            let digest = Digest(of: header.hashedPrefix)
            try forEachPart(of: file, digest.update)
            try digest.check(name)
            return size
        case .link(let header):
            try Digest(of: header.hashedPrefix).check(name)
            return 0
        }
    }

    private func checkArchived(_ file: Descriptor, size: UInt64, _ name: ObjectName) throws {
        // Decoding in memory is faster, but only the streaming decoder tells the reason for a failure.
        if size <= UInt64(buffer.count), wholeFiles.decode(try read(file, at: 0), name) != nil { return }
        var decoder = FilezDecoder(name)
        try forEachPart(of: file) { try decoder.write($0) { _ in } }
        _ = try decoder.finish()
    }

    /// Passes a file's bytes to `body`, piece by piece.
    private func forEachPart(of file: Descriptor, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var offset: UInt64 = 0
        while true {
            let part = try read(file, at: offset)
            if part.isEmpty { return }
            try body(part)
            offset += UInt64(part.count)
        }
    }

    /// Reads from `offset` on until the buffer is full or the file ends.
    private func read(_ file: Descriptor, at offset: UInt64) throws -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[..<(try file.fill(buffer, at: offset))])
    }
}
