// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// Opens served files of a repository and makes responses of them.
struct RepositoryFiles {
    private let root: Directory
    /// Nil if `refs/heads` did not exist when the server started.
    private let heads: Directory?

    init(_ path: String) throws(SystemError) {
        root = try Directory(path)
        do { heads = try root.directory("refs/heads") } catch {
            guard error.isNotFound else { throw error }
            heads = nil
        }
        // Fails at the start rather than at each request, for example without permission to read.
        _ = try root.openBeneath("config")
    }

    /// Returns the response to a request for a file; nil if there is no such regular file.
    ///
    /// - Throws: `SystemError` if the file cannot be read.
    func response(with served: ServedFile, to request: Request) throws(SystemError) -> Response? {
        guard let file = try open(served) else { return nil }
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        if case .ref = served { return try response(withRef: file, to: request) }

        let size = UInt64(clamping: status.st_size)
        let modified = HTTPDate.text(status.st_mtim.tv_sec)
        let tag = served.nameTag ?? RepositoryFiles.tag(status)
        var headers = [
            ("ETag", tag), ("Last-Modified", modified), ("Accept-Ranges", "bytes"),
            ("Cache-Control", served.isImmutable ? "public, max-age=31536000, immutable" : "no-cache"),
            ("Content-Type", "application/octet-stream"),
        ]
        if request.conditions.isUnchanged(tag: tag, modified: modified) {
            return Response(304, headers: headers, body: .none)
        }
        switch request.conditions.part(of: size, tag: tag, modified: modified) {
        case .whole: return Response(200, headers: headers, body: .file(file, offset: 0, count: size))
        case .part(let range):
            headers.append(("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"))
            return Response(
                206, headers: headers,
                body: .file(file, offset: range.lowerBound, count: UInt64(range.count)))
        case .unsatisfiable: return .unsatisfiable(size: size)
        }
    }

    /// Opens an object; nil if it is not here as a regular file.
    func open(_ name: ObjectName) throws(SystemError) -> Descriptor? {
        guard let file = try open(.object(name)) else { return nil }
        return try file.status().st_mode & S_IFMT == S_IFREG ? file : nil
    }

    /// Returns true if there are static deltas to a commit: an index of them, or a delta from one of the commits or from nothing.
    func hasDeltas(to commit: Checksum, from sources: [Checksum]) -> Bool {
        let deltas = ([nil] + sources).map { DeltaName(from: $0, to: commit).superblockPath }
        return ([DeltaName.indexPath(of: commit)] + deltas).contains { path in
            (try? root.openBeneath(path)) ?? nil != nil
        }
    }

    private func open(_ served: ServedFile) throws(SystemError) -> Descriptor? {
        // Aliases are links to other refs. No other file is a link.
        if case .ref(let ref) = served {
            if let heads { return try heads.openBeneath(ref.text, followingLinks: true) }
            return try root.openBeneath(served.path)
        }
        return try root.openBeneath(served.path)
    }

    /// Returns a ref, whole and tagged with its content: its modification time is that of its last use.
    private func response(withRef file: Descriptor, to request: Request) throws(SystemError) -> Response {
        let content = try file.readAll(limit: 4096)
        let commit = String(decoding: content.prefix { !($0 == 10 || $0 == 13 || $0 == 32) }, as: UTF8.self)
        var headers = [("Cache-Control", "no-cache"), ("Content-Type", "text/plain")]
        if Checksum(hex: commit) != nil {
            headers.append(("ETag", "\"\(commit)\""))
            if request.conditions.isUnchanged(tag: "\"\(commit)\"", modified: nil) {
                return Response(304, headers: headers, body: .none)
            }
        }
        return Response(200, headers: headers, body: .bytes(content))
    }

    /// Returns a tag of inode, size and time, which suffices since no file here is written in place.
    private static func tag(_ status: stat) -> String {
        let time = UInt64(clamping: status.st_mtim.tv_sec) &* 1_000_000_000
        let words = [
            UInt64(status.st_ino), UInt64(clamping: status.st_size),
            time &+ UInt64(clamping: status.st_mtim.tv_nsec),
        ]
        return "\"" + words.map { String($0, radix: 16) }.joined(separator: "-") + "\""
    }
}
