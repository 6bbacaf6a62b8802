// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// The bytes of one file in the form in which they travel, written while they arrive: as the stored form of an archive
/// repository, or as a copy for a successor of the quarantine, should the transfer break off.
final class TravellingBytes {
    enum Use {
        /// They are stored as they are.
        case storedForm
        /// They are for a successor alone.
        case copy
        /// They are not kept.
        case none
    }

    /// The number of bytes that a predecessor has left.
    let offset: UInt64
    private(set) var file: Descriptor?
    private let incoming: Directory
    private let name: String
    private let use: Use
    private var size: UInt64

    private static let pieceSize: UInt64 = 256 * 1024

    init(_ fragment: Fragment, in incoming: Directory, from offset: UInt64, use: Use) {
        (self.incoming, self.offset, self.use) = (incoming, offset, use)
        (name, size) = (fragment.fileName, offset)
    }

    deinit {
        // Less is not worth continuing.
        if file != nil, size <= Fragment.minimumSize { remove() }
    }

    /// Creates the file, or opens that of a predecessor.
    func open() throws {
        if offset > 0 {
            let file = try incoming.openForWriting(name)
            try file.truncate(to: offset)
            self.file = file
        } else {
            switch use {
            case .storedForm: file = try incoming.createFile(name)
            case .copy: file = try? incoming.createFile(name)
            case .none: break
            }
        }
    }

    /// Reads the bytes that a predecessor has left.
    func read(_ receive: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let file, offset > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: Int(TravellingBytes.pieceSize))
        for start in stride(from: 0, to: offset, by: Int(TravellingBytes.pieceSize)) {
            let count = Int(min(TravellingBytes.pieceSize, offset - start))
            try buffer.withUnsafeMutableBytes { raw in
                let piece = UnsafeMutableRawBufferPointer(rebasing: raw[..<count])
                let filled = try file.fill(piece, at: start)
                try receive(UnsafeRawBufferPointer(rebasing: piece[..<filled]))
            }
        }
    }

    /// Writes more bytes. A copy that cannot be written is given up.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard let file else { return }
        do {
            try file.writeAll(bytes)
            size += UInt64(bytes.count)
        } catch {
            guard use != .storedForm else { throw error }
            remove()
        }
    }

    /// Removes the file, also one that was not opened yet.
    func remove() {
        if file != nil || offset > 0 { try? incoming.remove(name) }
        file = nil
    }

    /// Leaves the file to its new owner.
    func release() { file = nil }
}
