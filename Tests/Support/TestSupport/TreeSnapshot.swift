// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The contents of a directory at one moment, down to the last byte, without times and owners.
///
/// Two snapshots of one test run can be compared; contents are hashed with a seed of this process.
public struct TreeSnapshot: Equatable, Sendable {
    /// One file, directory or link.
    public struct Entry: Equatable, Sendable, CustomStringConvertible {
        /// `file`, `directory`, `link` or `other`.
        public let kind: String
        /// The mode's lowest 12 bits.
        public let mode: UInt32
        /// The size in bytes of a file; 0 of anything else.
        public let size: Int
        /// A hash of a file's bytes; 0 of anything else.
        public let contentHash: Int
        /// The target of a link, in a printable form.
        public let target: String?
        /// Extended attributes: name to value, in a printable form.
        public let attributes: [String: String]

        /// The entry as one line.
        public var description: String {
            var text = "\(kind) \(String(mode, radix: 8))"
            if kind == "file" {
                text += " \(size) bytes, hash \(String(UInt(bitPattern: contentHash), radix: 16))"
            }
            if let target { text += " -> \(target)" }
            for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
                text += " \(name)=\(value)"
            }
            return text
        }
    }

    /// Entries by their path below the directory, in a printable form (``RawPath/printable(_:)``); the
    /// directory itself is `.`.
    public let entries: [String: Entry]

    /// Looks at everything in a directory.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - excluding: Paths below it, without a slash at either end, that are left out with all below them.
    public init(_ path: String, excluding: Set<String> = []) throws {
        var entries: [String: Entry] = [:]
        try TreeSnapshot.collect(RawPath(path), name: ".", excluding: excluding, into: &entries)
        self.entries = entries
    }

    /// Returns the differences from an earlier snapshot, one line each, sorted; nothing when they are equal.
    public func differences(from earlier: TreeSnapshot) -> [String] {
        var lines: [String] = []
        for name in Set(entries.keys).union(earlier.entries.keys).sorted() {
            switch (earlier.entries[name], entries[name]) {
            case (let before?, let after?) where before != after:
                lines.append("changed \(name): \(before) => \(after)")
            case (nil, let after?): lines.append("added \(name): \(after)")
            case (let before?, nil): lines.append("removed \(name): \(before)")
            default: break
            }
        }
        return lines
    }

    private static func collect(
        _ path: RawPath, name: String, excluding: Set<String>, into entries: inout [String: Entry]
    ) throws {
        let status = try path.status()
        let kind: String
        var size = 0
        var hash = 0
        var target: String?
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            kind = "file"
            size = Int(status.st_size)
            hash = try contentHash(path)
        case S_IFDIR:
            kind = "directory"
            for entry in try path.entries() {
                let printable = RawPath.printable(entry)
                let below = name == "." ? printable : "\(name)/\(printable)"
                if !excluding.contains(below) {
                    try collect(path.appending(entry), name: below, excluding: excluding, into: &entries)
                }
            }
        case S_IFLNK:
            kind = "link"
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = path.withCString { readlink($0, &buffer, buffer.count) }
            target = RawPath.printable(buffer[..<max(0, count)].map(UInt8.init(bitPattern:)))
        default:
            kind = "other"
        }
        entries[name] = Entry(
            kind: kind, mode: status.st_mode & 0o7777, size: size, contentHash: hash, target: target,
            attributes: attributes(path))
    }

    private static func contentHash(_ path: RawPath) throws -> Int {
        let descriptor = path.withCString { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            throw TestSupportError.system("read \(RawPath.printable(path.bytes))")
        }
        defer { close(descriptor) }
        var hasher = Hasher()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else {
                throw TestSupportError.system("read \(RawPath.printable(path.bytes))")
            }
            if count == 0 { return hasher.finalize() }
            buffer.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    private static func attributes(_ path: RawPath) -> [String: String] {
        path.withCString { path in
            var names = [UInt8](repeating: 0, count: 1 << 16)
            let length = GNUCall.llistxattr(path, &names, names.count)
            guard length > 0 else { return [:] }
            var attributes: [String: String] = [:]
            for bytes in names[..<length].split(separator: 0) {
                let name = String(decoding: bytes, as: UTF8.self)
                var value = [UInt8](repeating: 0, count: 1 << 16)
                let size = GNUCall.lgetxattr(path, name, &value, value.count)
                attributes[RawPath.printable(Array(bytes))] = RawPath.printable(Array(value[..<max(0, size)]))
            }
            return attributes
        }
    }
}
