// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The content of a file of the repository from which a delta copies.
struct DeltaSource {
    let checksum: Checksum
    /// The size of the content in bytes.
    let size: UInt64
    private let file: Descriptor

    /// Opens a file, uncompressed: that of an archive repository is decompressed into an unnamed one first.
    ///
    /// - Throws: `DeltaError` if the repository lacks it, or it is a symbolic link.
    init(_ checksum: Checksum, in repository: Repository) throws {
        let name = ObjectName(checksum, .file)
        guard try repository.contains(name) else {
            throw DeltaError("it builds on object \(name), which is not here")
        }
        switch try repository.source(name) {
        case .link: throw DeltaError("it copies from a symbolic link")
        case .file(_, let file, let size): (self.file, self.size) = (file, size)
        case .stored(let file, let size):
            self.file = try repository.temporaryFile()
            self.size = try DeltaSource.decompress(file, size: size, name, into: self.file)
        }
        self.checksum = checksum
    }

    /// Decompresses a file of an archive repository.
    ///
    /// - Returns: the size of its content.
    private static func decompress(
        _ file: Descriptor, size: UInt64, _ name: ObjectName, into target: Descriptor
    ) throws -> UInt64 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)
        defer { buffer.deallocate() }
        var decoder = FilezDecoder(name)
        var (offset, contentSize) = (UInt64(0), UInt64(0))
        while offset < size {
            let count = try file.read(into: buffer, at: offset)
            if count == 0 { break }
            offset += UInt64(count)
            try decoder.write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { content in
                contentSize += UInt64(content.count)
                try target.writeAll(content)
            }
        }
        guard try !decoder.finish().isLink else { throw DeltaError("it copies from a symbolic link") }
        return contentSize
    }

    /// Fills a buffer; bytes outside of the file are 0.
    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws {
        let before = position < 0 ? Int(min(UInt64(buffer.count), position.magnitude)) : 0
        let inside = UnsafeMutableRawBufferPointer(rebasing: buffer[before...])
        var filled = 0
        if !inside.isEmpty, position + Int64(before) < Int64(clamping: size) {
            filled = try file.fill(inside, at: UInt64(position + Int64(before)))
        }
        for index in 0..<before { buffer[index] = 0 }
        for index in before + filled..<buffer.count { buffer[index] = 0 }
    }

    /// Passes a range of the content to `body`, piece by piece.
    ///
    /// - Throws: `DeltaError` if the range is not within the content.
    func copy(
        _ range: Range<UInt64>, buffer: UnsafeMutableRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard range.upperBound <= size else {
            throw DeltaError("it copies bytes from behind its source's end")
        }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(min(UInt64(buffer.count), range.upperBound - offset))
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            guard try file.fill(piece, at: offset) == wanted else {
                throw DeltaError("its source became shorter")
            }
            try body(UnsafeRawBufferPointer(piece))
            offset += UInt64(wanted)
        }
    }
}
