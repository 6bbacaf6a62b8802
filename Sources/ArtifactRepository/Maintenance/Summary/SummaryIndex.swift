// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The file `state/bst-artifact-summary`: the stamps of all directories and refs that a summary was made from, in the
/// summary's order, by which the next update recognises unchanged ones.
///
/// It is valid only for the summary whose stamp it holds. A damaged index, or one of another summary, counts as none,
/// so it need not be durable.
struct SummaryIndex {
    /// The kinds of items: a directory is followed by its refs and directories, and its end.
    enum Kind: UInt8 {
        case ref = 1
        case directory = 2
        case end = 3
    }

    /// The summary that it belongs to, and the time of the last complete scan.
    struct Header: Equatable {
        /// The summary's stamp.
        var summary: FileStamp
        /// The time at which every ref was last read, in nanoseconds since 1970.
        var complete: UInt64
    }

    static let path = "state/bst-artifact-summary"
    private static let magic = Array("bst-artifact summary index 1\n\0\0\0".utf8)
    private static let headerSize = 32 + 3 * 8

    let header: Header
    /// The items, without header and checksum.
    let items: [UInt8]

    /// Parses the file's content; nil if it is incomplete or damaged.
    init?(_ bytes: [UInt8]) {
        let end = bytes.count - Checksum.byteCount
        guard end >= SummaryIndex.headerSize, bytes.starts(with: SummaryIndex.magic),
            SummaryIndex.checksum(of: bytes[..<end]).elementsEqual(bytes[end...])
        else { return nil }
        func word(_ index: Int) -> UInt64 {
            bytes.withUnsafeBytes {
                UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 32 + 8 * index, as: UInt64.self))
            }
        }
        header = Header(summary: FileStamp(inode: word(0), changed: word(1)), complete: word(2))
        items = Array(bytes[SummaryIndex.headerSize..<end])
    }

    /// Returns the file's content.
    static func bytes(_ header: Header, _ writer: Writer) -> [UInt8] {
        var bytes = magic
        bytes.reserveCapacity(headerSize + writer.items.count + Checksum.byteCount)
        for word in [header.summary.inode, header.summary.changed, header.complete] {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes += writer.items
        return bytes + checksum(of: bytes[...])
    }

    /// The SHA-256 checksum at the end of the file.
    private static func checksum(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        let digest = Digest()
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.finish().bytes
    }
}

extension SummaryIndex {
    /// A sequential writer of items.
    struct Writer {
        private(set) var items: [UInt8] = []

        init(expectedSize: Int) {
            items.reserveCapacity(expectedSize + 4096)
        }

        private mutating func append(_ kind: Kind, _ stamp: FileStamp) {
            items.append(kind.rawValue)
            withUnsafeBytes(of: (stamp.inode.littleEndian, stamp.changed.littleEndian)) {
                items.append(contentsOf: $0)
            }
        }

        /// Appends a ref, whose name is in the summary.
        mutating func ref(_ stamp: FileStamp) {
            append(.ref, stamp)
        }

        /// Appends the start of a directory.
        ///
        /// - Returns: Its position, for `distrust`.
        mutating func directory(_ name: some Collection<UInt8>, _ stamp: FileStamp) -> Int {
            let position = items.count
            append(.directory, stamp)
            // File names have at most 255 bytes.
            items.append(UInt8(truncatingIfNeeded: name.count))
            items.append(contentsOf: name)
            return position
        }

        /// Appends the end of a directory.
        mutating func end() {
            items.append(Kind.end.rawValue)
        }

        /// Clears the stamp of a directory, so that the next scan reads it.
        mutating func distrust(_ position: Int) {
            items.replaceSubrange((position + 1)..<(position + 17), with: repeatElement(0, count: 16))
        }
    }

    /// A sequential reader of items. A malformed item counts as an end.
    struct Reader {
        private let items: [UInt8]
        private var position = 0
        /// The number of refs passed, which is the index of the next ref's entry in the summary.
        private(set) var refsPassed = 0

        /// The kind of the next item.
        private(set) var kind = Kind.end
        /// The stamp of the next item; unknown for an end.
        private(set) var stamp = FileStamp.unknown
        private var nameRange = 0..<0
        private var next = 0

        init(_ items: [UInt8]) {
            self.items = items
            look()
        }

        /// Calls `body` with the name of the next item, a directory.
        func withName<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
            items.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[nameRange])) }
        }

        private mutating func look() {
            (kind, stamp, nameRange, next) = (.end, .unknown, 0..<0, min(position + 1, items.count))
            guard position < items.count, let found = Kind(rawValue: items[position]), found != .end,
                position + 17 <= items.count
            else { return }
            let words = items.withUnsafeBytes {
                (
                    UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position + 1, as: UInt64.self)),
                    UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position + 9, as: UInt64.self))
                )
            }
            if found == .directory {
                let start = position + 18
                guard start <= items.count, start + Int(items[start - 1]) <= items.count else { return }
                nameRange = start..<(start + Int(items[start - 1]))
            }
            (kind, stamp) = (found, FileStamp(inode: words.0, changed: words.1))
            next = found == .directory ? nameRange.upperBound : position + 17
        }

        /// Passes one item.
        mutating func pass() {
            if kind == .ref { refsPassed += 1 }
            position = next
            look()
        }

        /// Passes the next item, a directory with everything in it.
        mutating func passWhole() {
            var depth = 0
            repeat {
                switch kind {
                case .directory: depth += 1
                case .end: depth -= 1
                case .ref: break
                }
                let before = position
                pass()
                if position == before { return }
            } while depth > 0
        }
    }
}
