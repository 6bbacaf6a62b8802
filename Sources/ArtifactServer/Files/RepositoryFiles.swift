// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// The files of a repository that are served, as answers to requests.
struct RepositoryFiles {
    private let root: Directory
    /// Nil where there were no refs yet, and no directory for them, when the server started.
    private let heads: Directory?

    init(_ path: String) throws(SystemError) {
        root = try Directory(path)
        do { heads = try root.directory("refs/heads") } catch {
            guard error.isNotFound else { throw error }
            heads = nil
        }
        // Shows now, not to each client, that the kernel is too old or the repository not ours to read.
        _ = try root.openBeneath("config")
    }

    /// Answers a request for a file; nil where it is not there, or is not a file.
    ///
    /// - Throws: where it cannot be read.
    func answer(_ served: ServedFile, to request: Request) throws(SystemError) -> Answer? {
        guard let file = try open(served) else { return nil }
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        if case .ref = served { return try answer(ref: file, to: request) }

        let size = UInt64(clamping: status.st_size)
        let modified = HTTPDate.text(status.st_mtim.tv_sec)
        let tag = served.nameTag ?? RepositoryFiles.tag(status)
        var headers = [
            ("ETag", tag), ("Last-Modified", modified), ("Accept-Ranges", "bytes"),
            ("Cache-Control", served.isImmutable ? "public, max-age=31536000, immutable" : "no-cache"),
            ("Content-Type", "application/octet-stream"),
        ]
        if request.conditions.isUnchanged(tag: tag, modified: modified) {
            return Answer(304, headers: headers, body: .none)
        }
        switch request.conditions.part(of: size, tag: tag, modified: modified) {
        case .whole: return Answer(200, headers: headers, body: .file(file, offset: 0, count: size))
        case .part(let range):
            headers.append(("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"))
            return Answer(
                206, headers: headers,
                body: .file(file, offset: range.lowerBound, count: UInt64(range.count)))
        case .unsatisfiable: return .unsatisfiable(size: size)
        }
    }

    private func open(_ served: ServedFile) throws(SystemError) -> Descriptor? {
        // An alias is a link to another ref; nothing else is ever a link.
        if case .ref(let ref) = served {
            if let heads { return try heads.openBeneath(ref.text, followingLinks: true) }
            return try root.openBeneath(served.path)
        }
        return try root.openBeneath(served.path)
    }

    /// A ref's time is that of its last use, so its content is its tag. It is small and answered whole.
    private func answer(ref file: Descriptor, to request: Request) throws(SystemError) -> Answer {
        let content = try file.readAll(limit: 4096)
        let commit = String(decoding: content.prefix { !($0 == 10 || $0 == 13 || $0 == 32) }, as: UTF8.self)
        var headers = [("Cache-Control", "no-cache"), ("Content-Type", "text/plain")]
        if Checksum(hex: commit) != nil {
            headers.append(("ETag", "\"\(commit)\""))
            if request.conditions.isUnchanged(tag: "\"\(commit)\"", modified: nil) {
                return Answer(304, headers: headers, body: .none)
            }
        }
        return Answer(200, headers: headers, body: .bytes(content))
    }

    /// What tells a file from any other of its name, as nothing here is written in place.
    private static func tag(_ status: stat) -> String {
        let time = UInt64(clamping: status.st_mtim.tv_sec) &* 1_000_000_000
        let words = [
            UInt64(status.st_ino), UInt64(clamping: status.st_size),
            time &+ UInt64(clamping: status.st_mtim.tv_nsec),
        ]
        return "\"" + words.map { String($0, radix: 16) }.joined(separator: "-") + "\""
    }
}
