// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file or symbolic link that a delta makes, on its way into a quarantine in the form in which files travel.
final class DeltaFile {
    private let header: FileHeader
    /// The size of its content in bytes, or of its target.
    let size: UInt64
    private let incoming: (any IncomingObject)?
    private let deflater: DeltaDeflater
    /// The number of bytes written.
    private(set) var written: UInt64 = 0
    /// Content that was not compressed yet.
    private var pending: [UInt8] = []
    private var isFirst = true

    /// Begins a file.
    ///
    /// - Parameter incoming: the receiver of its bytes; nil if the repository has it already.
    init(
        _ header: FileHeader, size: UInt64, to incoming: (any IncomingObject)?, _ deflater: DeltaDeflater
    ) throws {
        guard !header.isLink || (1...UInt64(PATH_MAX)).contains(size) else {
            throw DeltaError("a symbolic link in it has no possible target")
        }
        (self.header, self.size, self.incoming, self.deflater) = (header, size, incoming, deflater)
    }

    /// The number of bytes that are still to be written.
    var remaining: UInt64 { size - written }

    /// Appends content.
    ///
    /// - Throws: `DeltaError` if it is more than there may be.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard UInt64(bytes.count) <= remaining else {
            throw DeltaError("an operation in it makes more than its object has")
        }
        written += UInt64(bytes.count)
        guard incoming != nil else { return }
        var rest = bytes
        while pending.count + rest.count > DeltaDeflater.partSize {
            let part = DeltaDeflater.partSize - pending.count
            pending.append(contentsOf: rest[..<part])
            rest = UnsafeRawBufferPointer(rebasing: rest[part...])
            try pass(isLast: false)
        }
        pending.append(contentsOf: rest)
    }

    /// Ends the file.
    ///
    /// - Throws: `DeltaError` if it is incomplete.
    func finish() throws {
        guard remaining == 0 else { throw DeltaError("an object in it is incomplete") }
        guard let incoming else { return }
        if header.isLink {
            guard !pending.contains(0), let target = String(validating: pending, as: UTF8.self) else {
                throw DeltaError("a symbolic link in it has no possible target")
            }
            var header = header
            header.linkTarget = target
            try header.archivePrefix(size: 0).withUnsafeBytes { try incoming.write($0) }
        } else {
            try pass(isLast: true)
        }
        try incoming.finish()
    }

    private func pass(isLast: Bool) throws {
        let prefix = isFirst ? header.archivePrefix(size: size) : []
        let bytes = pending.withUnsafeBytes { content in
            deflater.compress(content, after: prefix, isOnly: isFirst && isLast, isLast: isLast)
        }
        isFirst = false
        pending.removeAll(keepingCapacity: true)
        try bytes.withUnsafeBytes { try incoming?.write($0) }
    }
}

/// The compression of files that deltas make: as usual for a repository that stores them so, and none for one that
/// decompresses them at once.
final class DeltaDeflater {
    /// The size of the parts in bytes.
    static let partSize = Deflater.partSize
    /// The largest block that deflate stores uncompressed, in bytes.
    private static let blockSize = 0xFFFF

    private let deflater: Deflater?

    init(for repository: Repository) {
        deflater = repository.mode == .archive ? Deflater(.balanced) : nil
    }

    /// Compresses a part.
    ///
    /// - Returns: `prefix`, followed by the compressed bytes.
    func compress(
        _ content: UnsafeRawBufferPointer, after prefix: [UInt8], isOnly: Bool, isLast: Bool
    ) -> [UInt8] {
        if let deflater {
            if isOnly { return deflater.compress(content, after: prefix) }
            return prefix + deflater.compressPart(content, isLast: isLast)
        }
        var result = prefix
        result.reserveCapacity(prefix.count + content.count + content.count / 0x1000 + 5)
        var rest = content[...]
        repeat {
            let block = rest.prefix(DeltaDeflater.blockSize)
            rest = rest.dropFirst(block.count)
            let size = UInt16(block.count)
            result.append(isLast && rest.isEmpty ? 1 : 0)
            for number in [size, ~size] { result += [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)] }
            result.append(contentsOf: block)
        } while !rest.isEmpty
        return result
    }
}
