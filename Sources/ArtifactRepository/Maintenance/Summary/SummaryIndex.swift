// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// What stands in `state/bst-artifact-summary`: the stamps of all folders and refs that a summary was made from, in the
/// summary's order, so that the next one need not read what is as it was.
///
/// It belongs to one summary, which it knows by its stamp. Where anything about it is wrong, torn or of another summary,
/// it is as good as none, so it need not be durable.
struct SummaryIndex {
    /// What stands in it, in this order: a folder, its refs and folders, its end.
    enum Kind: UInt8 {
        case ref = 1
        case folder = 2
        case end = 3
    }

    /// Which file it belongs to, and since when refs were only read where they changed.
    struct Header: Equatable {
        /// The summary's stamp.
        var summary: FileStamp
        /// When every ref was read last, in nanoseconds since 1970.
        var complete: UInt64
    }

    static let path = "state/bst-artifact-summary"
    private static let magic = Array("bst-artifact summary index 1\n\0\0\0".utf8)
    private static let headerSize = 32 + 3 * 8

    /// Its header.
    let header: Header
    /// The items, without header and checksum.
    let items: [UInt8]

    /// Takes apart what was read; nil where it is not whole.
    init?(_ bytes: [UInt8]) {
        let end = bytes.count - Checksum32.count
        guard end >= SummaryIndex.headerSize, bytes.starts(with: SummaryIndex.magic),
            Checksum32.of(bytes[..<end]) == Array(bytes[end...])
        else { return nil }
        func word(_ index: Int) -> UInt64 {
            bytes.withUnsafeBytes {
                UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 32 + 8 * index, as: UInt64.self))
            }
        }
        header = Header(summary: FileStamp(inode: word(0), changed: word(1)), complete: word(2))
        items = Array(bytes[SummaryIndex.headerSize..<end])
    }

    /// The bytes of an index.
    static func bytes(_ header: Header, _ writer: Writer) -> [UInt8] {
        var bytes = magic
        bytes.reserveCapacity(headerSize + writer.items.count + Checksum32.count)
        for word in [header.summary.inode, header.summary.changed, header.complete] {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes += writer.items
        return bytes + Checksum32.of(bytes[...])
    }

    /// The checksum at the end: SHA-256.
    private enum Checksum32 {
        static let count = 32
        static func of(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            let digest = Digest()
            bytes.withUnsafeBytes { digest.update($0) }
            return digest.finish().bytes
        }
    }
}

extension SummaryIndex {
    /// Writes items one after the other.
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

        /// A ref, whose name stands in the summary.
        mutating func ref(_ stamp: FileStamp) {
            append(.ref, stamp)
        }

        /// A folder.
        ///
        /// - Returns: its place, for `distrust`.
        mutating func folder(_ name: some Collection<UInt8>, _ stamp: FileStamp) -> Int {
            let place = items.count
            append(.folder, stamp)
            // A name in a file system has 255 bytes at most.
            items.append(UInt8(truncatingIfNeeded: name.count))
            items.append(contentsOf: name)
            return place
        }

        /// The end of a folder.
        mutating func end() {
            items.append(Kind.end.rawValue)
        }

        /// Has a folder read again the next time, whatever its stamp.
        mutating func distrust(_ place: Int) {
            items.replaceSubrange((place + 1)..<(place + 17), with: repeatElement(0, count: 16))
        }
    }

    /// Reads items one after the other. What is not well formed is an end.
    struct Reader {
        private let items: [UInt8]
        private var place = 0
        /// How many refs were passed: the number of the next one's entry in the summary.
        private(set) var refsPassed = 0

        /// What comes next.
        private(set) var kind = Kind.end
        private(set) var stamp = FileStamp.unknown
        private var nameRange = 0..<0
        private var next = 0

        init(_ items: [UInt8]) {
            self.items = items
            look()
        }

        /// The name of the folder that comes next.
        func withName<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
            items.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[nameRange])) }
        }

        private mutating func look() {
            (kind, stamp, nameRange, next) = (.end, .unknown, 0..<0, min(place + 1, items.count))
            guard place < items.count, let found = Kind(rawValue: items[place]), found != .end,
                place + 17 <= items.count
            else { return }
            let words = items.withUnsafeBytes {
                (
                    UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place + 1, as: UInt64.self)),
                    UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place + 9, as: UInt64.self))
                )
            }
            if found == .folder {
                guard place + 18 <= items.count, place + 18 + Int(items[place + 17]) <= items.count else {
                    return
                }
                nameRange = (place + 18)..<(place + 18 + Int(items[place + 17]))
            }
            (kind, stamp) = (found, FileStamp(inode: words.0, changed: words.1))
            next = found == .folder ? nameRange.upperBound : place + 17
        }

        /// Passes one item.
        mutating func pass() {
            if kind == .ref { refsPassed += 1 }
            place = next
            look()
        }

        /// Passes what comes next, a folder with all that is in it.
        mutating func passWhole() {
            var depth = 0
            repeat {
                switch kind {
                case .folder: depth += 1
                case .end: depth -= 1
                case .ref: break
                }
                let before = place
                pass()
                if place == before { return }
            } while depth > 0
        }
    }
}
