// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// An archive repository that a web server publishes, or that is on this machine, as a reader sees it.
public final class RemoteRepository {
    /// The repository's address, for messages.
    let remote: String
    let web: WebClient
    private let isLocal: Bool
    /// What the refs were when they were asked for.
    private var known: [RefName: Checksum] = [:]
    private var isConfigurationChecked = false

    /// The largest summary that is read, in bytes: a million refs take a tenth of it.
    private static let maximumSummarySize: UInt64 = 1 << 30

    /// Prepares to read; nothing is fetched yet.
    ///
    /// - Parameters:
    ///   - remote: the address.
    ///   - mirrors: places that have the same as `remote`. The one that answers first is read, and where it fails or lacks
    ///     something, the next one. They get no secrets of `options`.
    ///   - options: how web servers are talked to.
    /// - Throws: `ClientError` where nothing can be pulled from such a remote.
    public init(
        _ remote: RemoteAddress, mirrors: [RemoteAddress] = [], options: WebOptions = WebOptions()
    ) throws {
        self.remote = "\(remote)"
        if case .local = remote { isLocal = true } else { isLocal = false }
        let places = try ([remote] + mirrors).map { address in
            WebClient.Mirror(base: try RemoteRepository.url(of: address), shown: "\(address)")
        }
        web = try WebClient(places, options: options)
    }

    /// The URL that a remote is pulled from.
    ///
    /// - Throws: `ClientError` for an ssh remote, whose receiver must be asked first.
    private static func url(of remote: RemoteAddress) throws(ClientError) -> String {
        switch remote {
        case .web(let address): return address.url
        case .local(let address): return "file://" + SplitURL.encode(address.path)
        case .ssh:
            throw ClientError(
                .unsuitableRemote,
                "cannot pull from \(remote) itself: its receiver must be asked for the pull URL")
        }
    }

    /// The commits that the remote has for refs.
    ///
    /// Each ref is read by itself, so that the number of refs in the cache does not matter, and once: a pull brings what
    /// was found here.
    ///
    /// - Returns: the commits of those refs that exist.
    /// - Throws: `ClientError` where the remote cannot be read, or is no archive repository.
    public func resolve(_ refs: [RefName]) throws -> [RefName: Checksum] {
        try fetch(refs.filter { known[$0] == nil }.map(refRequest))
        return known.filter { refs.contains($0.key) }
    }

    /// Fetches a few things, and looks once whether the remote is a repository that can be pulled from.
    private func fetch(_ requests: [WebRequest]) throws {
        var requests = requests
        if !isConfigurationChecked {
            try web.chooseMirror("config", limit: 64 * 1024) { [remote] bytes in
                (try? RemoteRepository.checkConfiguration(bytes, of: remote)) != nil
            }
            requests.append(
                text("config", limit: 64 * 1024) { [self] bytes in
                    try RemoteRepository.checkConfiguration(bytes, of: remote)
                    isConfigurationChecked = true
                })
        }
        try web.run { requests.popLast() }
    }

    private func refRequest(_ ref: RefName) -> WebRequest {
        text("refs/heads/\(SplitURL.encode(ref.text))", limit: 4096) { [self] bytes in
            // A folder of refs is no ref, and libcurl reads a local one as nothing.
            guard let bytes, !(bytes.isEmpty && isLocal) else { return }
            guard let checksum = Checksum(hex: String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self))
            else {
                throw ClientError(
                    .badContent,
                    "\(remote) gives ref \(ref) no commit but other text: check what serves that URL")
            }
            known[ref] = checksum
        }
    }

    /// Fetches commits alone, without anything that they consist of.
    ///
    /// - Throws: `ClientError` where the remote lacks one, or has something else in its place.
    func commits(_ commits: [Checksum]) throws -> [Checksum: Commit] {
        var found: [Checksum: Commit] = [:]
        try fetch(
            Set(commits).sorted().map { commit in
                let name = ObjectName(commit, .commit)
                return text(name.webPath, limit: Commit.maximumMetadataSize) { [remote] bytes in
                    guard let bytes else { throw ClientError.lacks(name, at: remote) }
                    do throws(RepositoryError) {
                        found[commit] = try Commit(verifying: bytes, name)
                    } catch {
                        throw ClientError.wrongBytes(error, from: remote)
                    }
                }
            })
        return found
    }

    /// Fetches the summary, which need not fit into memory.
    ///
    /// - Throws: `ClientError` with `missing` where there is none.
    public func summary() throws -> Summary {
        let file = try Directory(getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp").unnamedFile()
        var size: UInt64 = 0
        var isPresent = false
        let request = WebRequest(
            path: "summary",
            begin: { [remote] in
                size = 0
                try file.truncate()
                return { bytes in
                    size += UInt64(bytes.count)
                    guard size <= RemoteRepository.maximumSummarySize else {
                        throw ClientError(
                            .badContent,
                            "the summary of \(remote) is larger than \(RemoteRepository.maximumSummarySize) bytes, so it is "
                                + "not read: pull by full names")
                    }
                    try file.writeAll(bytes)
                }
            },
            end: { isPresent = $0 == .complete })
        try fetch([request])
        guard isPresent else {
            throw ClientError(
                .missing,
                "\(remote) has no summary, so what it has cannot be listed: its administrator makes one with "
                    + "'ostree summary -u'; single refs can be pulled without")
        }
        do {
            return try Summary(mapping: file)
        } catch is RepositoryError {
            throw ClientError(
                .badContent, "\(remote) serves a summary that is none: check what serves that URL")
        }
    }

    /// A request for a small text, which is nil where the remote does not have it.
    private func text(_ path: String, limit: Int, _ use: @escaping ([UInt8]?) throws -> Void) -> WebRequest {
        final class Text {
            var bytes: [UInt8] = []
        }
        let text = Text()
        return WebRequest(
            path: path,
            begin: { [remote] in
                text.bytes = []
                return { part in
                    guard text.bytes.count + part.count <= limit else {
                        throw ClientError(
                            .badContent,
                            "\(remote)/\(path) has more than \(limit) bytes, so it is not part of a repository: check what "
                                + "serves that URL")
                    }
                    text.bytes.append(contentsOf: part)
                }
            },
            end: { result in
                switch result {
                case .complete: try use(text.bytes)
                case .absent: try use(nil)
                }
            })
    }

    /// Checks that what is at the remote is an archive repository.
    private static func checkConfiguration(_ bytes: [UInt8]?, of remote: String) throws(ClientError) {
        guard let bytes else {
            throw ClientError(
                .unknownRemote,
                "there is no OSTree repository at \(remote): check the URL, down to its last part")
        }
        let mode = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .compactMap { line -> Substring? in
                let parts = line.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].filter({ $0 != " " }) == "mode" else { return nil }
                return parts[1].drop { $0 == " " }.prefix { $0 != " " }
            }.first
        guard let mode, RepositoryMode(name: String(mode)) == .archive else {
            throw ClientError(
                .unsuitableRemote,
                "cannot pull from \(remote): the repository there is of mode \(mode.map { String($0).forDisplay() } ?? "unknown"), "
                    + "and only one of mode archive can be pulled from")
        }
    }
}
