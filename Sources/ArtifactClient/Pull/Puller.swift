// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls

/// Pulls commits from an archive repository that a web server publishes.
///
/// ```
/// let puller = try Puller(from: RemoteAddress(parsing: "https://example.com/artifacts"), into: repository)
/// let report = try puller.pull([ref])
/// ```
public final class Puller {
    private let store: any ArtifactStore
    private let web: WebClient
    private let remote: String
    /// What the remote's refs were when they were asked for.
    private var known: [RefName: Checksum] = [:]
    private var isConfigurationChecked = false
    /// Is told after each object how far the pull has come.
    public var showProgress: (PullProgress) -> Void = { _ in }

    /// Prepares to pull.
    ///
    /// - Throws: `ClientError` where nothing can be pulled from such a remote.
    public init(from remote: RemoteAddress, into store: any ArtifactStore, options: WebOptions = WebOptions())
        throws
    {
        self.store = store
        self.remote = "\(remote)"
        web = try WebClient(Puller.url(of: remote), shownAs: "\(remote)", options: options)
    }

    /// The URL that a remote is pulled from.
    ///
    /// - Throws: `ClientError` for an ssh remote, whose receiver must be asked first.
    static func url(of remote: RemoteAddress) throws(ClientError) -> String {
        switch remote {
        case .web(let address): return address.url
        case .local(let address): return "file://" + AddressText.percentEncoded(address.path)
        case .ssh:
            throw ClientError(
                .unsuitableRemote,
                "cannot pull from \(remote) itself: its receiver must be asked for the pull URL")
        }
    }

    /// The commits that the remote has for refs.
    ///
    /// Each ref is read by itself, so that the number of refs in the cache does not matter, and once: a later `pull`
    /// brings what was found here.
    ///
    /// - Returns: the commits of those refs that exist.
    /// - Throws: `ClientError` where the remote cannot be read, or is no archive repository.
    public func resolve(_ refs: [RefName]) throws -> [RefName: Checksum] {
        var requests = refs.filter { known[$0] == nil }.map(refRequest)
        if !isConfigurationChecked {
            requests.append(
                text("config", limit: 64 * 1024) { [self] bytes in
                    try Puller.checkConfiguration(bytes, of: remote)
                    isConfigurationChecked = true
                })
        }
        try web.run { requests.popLast() }
        return known.filter { refs.contains($0.key) }
    }

    private func refRequest(_ ref: RefName) -> WebRequest {
        text("refs/heads/\(ref)", limit: 4096) { [self] bytes in
            guard let bytes else { return }
            guard let checksum = Checksum(hex: String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self))
            else {
                throw ClientError(
                    .badContent,
                    "\(remote) gives ref \(ref) no commit but other text: check what serves that URL")
            }
            known[ref] = checksum
        }
    }

    /// Brings refs and everything that they need into the repository, where they are called the same.
    ///
    /// Nothing of it is visible before everything is there. What was fetched before an interruption is not fetched again.
    ///
    /// - Throws: `ClientError` with `unknownRef` where the remote lacks one of the refs, and for everything that goes
    ///   wrong with the remote; `RepositoryError` for objects that are not what their names say.
    public func pull(_ refs: [RefName]) throws -> PullReport {
        let commits = try resolve(refs)
        if let missing = refs.first(where: { commits[$0] == nil }) {
            throw ClientError(
                .unknownRef, "\(remote) has no ref \(missing): list what it has with ‘bst-artifact list’")
        }
        let quarantine = try store.makeQuarantine(isResumable: true)
        let walk = PullWalk(quarantine, remote: remote, showProgress: showProgress)
        var report = PullReport()
        for ref in refs {
            // Absence was looked for above.
            guard let commit = commits[ref] else { continue }
            report.entries.append(.init(ref: ref, commit: commit, previous: try store.commit(of: ref)))
            try walk.want(commit)
        }
        try web.run(walk.next)
        try walk.finish()
        let changes = report.entries.map { RefChange($0.ref, to: $0.commit, expecting: .anything) }
        _ = try quarantine.publish(changes, replaceDetachedMetadata: true)
        quarantine.discard()
        report.objects = walk.progress.objects
        report.bytes = walk.progress.bytes
        return report
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
                .unsuitableRemote,
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
