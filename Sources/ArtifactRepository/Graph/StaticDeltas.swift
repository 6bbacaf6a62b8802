// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TextCoding

/// The static deltas of a repository and their indexes, by target commit.
///
/// `deltas/AB/REST` leads from nothing to the commit ABREST, `deltas/AB/REST-TO` from that commit to another;
/// `delta-indexes/AB/REST.index` lists the deltas to a commit. Commits are written as 43 digits of base64 with `_`
/// instead of `/`.
struct StaticDeltas {
    /// A delta or an index.
    struct Entry {
        /// Its path below the repository.
        var path: String
        /// The disk usage of its files in bytes.
        var bytes: UInt64
        /// True for a delta; an index is a file.
        var isDirectory: Bool
    }

    /// The deltas and indexes of each target commit.
    private(set) var entries: [Checksum: [Entry]] = [:]

    /// Lists all deltas and indexes of `repository`.
    init(_ repository: Repository) throws {
        for kind in ["deltas", "delta-indexes"] {
            guard let top = try repository.root.directoryIfPresent(kind) else { continue }
            for prefix in try top.entries() {
                guard let directory = try top.directoryIfPresent(prefix) else { continue }
                for name in try directory.entries() {
                    guard let commit = StaticDeltas.target(prefix, name) else { continue }
                    entries[commit, default: []].append(
                        Entry(
                            path: "\(kind)/\(prefix)/\(name)",
                            bytes: try directory.allocatedBytes(of: name), isDirectory: kind == "deltas"))
                }
            }
        }
    }

    /// The disk usage of all deltas and indexes in bytes.
    var bytes: UInt64 { entries.keys.reduce(0) { $0 + bytes(to: $1) } }

    /// The disk usage of those with the target `commit` in bytes.
    func bytes(to commit: Checksum) -> UInt64 {
        entries[commit]?.reduce(0) { $0 + $1.bytes } ?? 0
    }

    /// The target commit in the file name of a delta or an index.
    private static func target(_ prefix: String, _ name: String) -> Checksum? {
        let parts = (prefix + name).utf8.prefix { $0 != UInt8(ascii: ".") }.split(
            separator: UInt8(ascii: "-"))
        let digits = (parts.last ?? "".utf8[...]).map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0 }
        guard prefix.utf8.count == 2, digits.count == 43 else { return nil }
        return Base64.decode(digits + [UInt8(ascii: "=")])?.withUnsafeBytes { Checksum(bytes: $0) }
    }
}

extension Repository {
    /// Removes a delta or an index, the superblock first, since clients read it first.
    func remove(_ delta: StaticDeltas.Entry) throws {
        if delta.isDirectory { try root.remove("\(delta.path)/superblock") }
        try root.removeTree(delta.path)
    }
}

extension Directory {
    /// The disk usage of a file, or of a directory's files, in bytes.
    fileprivate func allocatedBytes(of name: String) throws -> UInt64 {
        if let directory = try directoryIfPresent(name) {
            return try directory.entries().reduce(0) { try $0 + directory.allocatedBytes(of: $1) }
        }
        return UInt64(try status(of: name)?.st_blocks ?? 0) * 512
    }
}
