// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TextCoding

/// The static deltas of a repository, and their indexes, by the commits that they lead to.
///
/// `deltas/AB/REST` leads from nothing to the commit ABREST, `deltas/AB/REST-TO` from that one to another;
/// `delta-indexes/AB/REST.index` lists those that lead to a commit. Commits have 43 digits in base 64, where `_` stands for
/// `/`.
struct StaticDeltas {
    /// One delta, or an index.
    struct Entry {
        /// Its path below the repository.
        var path: String
        /// The bytes of disk that its files take.
        var bytes: UInt64
        /// Tells a delta from an index, which is a file.
        var isDirectory: Bool
    }

    /// The deltas that lead to each commit.
    private(set) var entries: [Checksum: [Entry]] = [:]

    /// Looks at all deltas.
    init(_ repository: Repository) throws {
        for kind in ["deltas", "delta-indexes"] {
            guard let top = try repository.root.directoryIfPresent(kind) else { continue }
            for prefix in try top.entries() {
                guard let folder = try top.directoryIfPresent(prefix) else { continue }
                for name in try folder.entries() {
                    guard let commit = StaticDeltas.target(prefix, name) else { continue }
                    entries[commit, default: []].append(
                        Entry(
                            path: "\(kind)/\(prefix)/\(name)", bytes: try folder.allocatedBytes(of: name),
                            isDirectory: kind == "deltas"))
                }
            }
        }
    }

    /// The bytes of disk that all of them take.
    var bytes: UInt64 { entries.keys.reduce(0) { $0 + bytes(to: $1) } }

    /// The bytes of disk of those that lead to a commit.
    func bytes(to commit: Checksum) -> UInt64 {
        entries[commit]?.reduce(0) { $0 + $1.bytes } ?? 0
    }

    /// The commit that a delta, or those of an index, lead to.
    private static func target(_ prefix: String, _ name: String) -> Checksum? {
        let parts = (prefix + name).utf8.prefix { $0 != UInt8(ascii: ".") }.split(
            separator: UInt8(ascii: "-"))
        let digits = (parts.last ?? "".utf8[...]).map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0 }
        guard prefix.utf8.count == 2, digits.count == 43 else { return nil }
        return Base64.decode(digits + [UInt8(ascii: "=")])?.withUnsafeBytes { Checksum(bytes: $0) }
    }
}

extension Repository {
    /// Removes a delta: what clients look at first goes first.
    func remove(_ delta: StaticDeltas.Entry) throws {
        if delta.isDirectory { try root.remove("\(delta.path)/superblock") }
        try root.removeTree(delta.path)
    }
}

extension Directory {
    /// The bytes of disk that a file takes, or a directory's files.
    fileprivate func allocatedBytes(of name: String) throws -> UInt64 {
        if let folder = try directoryIfPresent(name) {
            return try folder.entries().reduce(0) { try $0 + folder.allocatedBytes(of: $1) }
        }
        return UInt64(try status(of: name)?.st_blocks ?? 0) * 512
    }
}
