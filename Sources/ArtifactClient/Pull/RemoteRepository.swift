// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc

/// A reader of an archive repository that a web server publishes, or that is on this machine.
public final class RemoteRepository: PullSource {
    /// The repository's address, for messages.
    public let remote: String
    let client: WebClient
    private let isLocal: Bool
    /// Indicates a bucket, which has no static deltas.
    private let isBucket: Bool
    private let hasMirrors: Bool
    private var known: [RefName: Checksum] = [:]
    private var configuration: RemoteConfiguration?
    /// Indicates that the server gives many objects at once, as only `bst-artifact serve` does.
    private var givesObjects = false
    /// Indicates that a request went alone already, so that the configuration goes with the next ones unless it is known.
    private var isConfigurationDue = false
    private let summaryVerifiers: [any SignatureVerifier]
    private var fetchedSummary: Summary?

    /// The requests that cost less time on one connection than on several.
    private static let fewRequests = 2
    /// The number of times that a summary and its signatures are fetched before the summary is refused.
    private static let attemptsToVerify = 3

    /// Prepares to read; nothing is fetched yet.
    ///
    /// - Parameters:
    ///   - remote: the address.
    ///   - mirrors: places that have the same as `remote`. Refs are read from the one that answers first, and objects from
    ///     all, by what each delivers. One that fails, or sends wrong bytes, is left. They get no secrets of `options`.
    ///   - options: the settings for requests.
    ///   - content: another place of the remote for files and parts of static deltas, from which nothing else is taken.
    ///   - summaryVerifiers: the verifiers of the summary's signatures, each of which must accept it. With any, the commits
    ///     of refs are taken from the summary alone.
    /// - Throws: `ClientError` where nothing can be pulled from such a remote.
    public init(
        _ remote: RemoteAddress, mirrors: [RemoteAddress] = [], options: WebOptions = WebOptions(),
        content: RemoteAddress? = nil, summaryVerifiers: [any SignatureVerifier] = []
    ) throws {
        var options = options
        if case .bucket(let address) = remote {
            isBucket = true
            options.signing = try RequestSigning(for: address.location)
        } else {
            isBucket = false
        }
        self.remote = "\(remote)"
        self.summaryVerifiers = summaryVerifiers
        hasMirrors = !mirrors.isEmpty
        if case .local = remote { isLocal = true } else { isLocal = false }
        var places = try ([remote] + mirrors).map { address in
            WebClient.Mirror(
                base: try options.signing?.url ?? RemoteRepository.url(of: address), shown: "\(address)")
        }
        places[0].content = try content.map { (try RemoteRepository.url(of: $0), "\($0)") }
        client = try WebClient(places, options: options)
    }

    /// The URL that a remote is pulled from.
    ///
    /// - Throws: `ClientError` for an ssh remote, whose receiver must be asked first.
    private static func url(of remote: RemoteAddress) throws(ClientError) -> String {
        switch remote {
        case .web(let address): return address.url
        case .local(let address): return "file://" + SplitURL.encode(address.path)
        case .bucket:
            throw ClientError(.unsuitableRemote, "\(remote) can be no mirror: name the URL of a web server")
        case .ssh:
            throw ClientError(
                .unsuitableRemote,
                "cannot pull from \(remote) itself: its receiver must be asked for the pull URL")
        }
    }

    /// Returns the commits that the remote has for refs.
    ///
    /// Each ref is requested by itself, so that the number of refs in the cache does not matter, and once: a pull
    /// fetches the commit that was found here.
    ///
    /// - Returns: the commits of those refs that exist.
    /// - Throws: `ClientError` where the remote cannot be read, or is no archive repository.
    public func resolve(_ refs: [RefName]) throws -> [RefName: Checksum] {
        let wanted = Set(refs)
        let unknown = refs.filter { known[$0] == nil }
        if summaryVerifiers.isEmpty {
            // A second call for the same refs leaves the configuration to the requests that follow.
            if !unknown.isEmpty || !isConfigurationDue { try fetch(unknown.map(refRequest)) }
        } else if !unknown.isEmpty {
            try summary().forEach { entry in
                if known[entry.ref] == nil, wanted.contains(entry.ref) { known[entry.ref] = entry.commit }
            }
        }
        return known.filter { wanted.contains($0.key) }
    }

    /// Returns the collection that the remote's own refs belong to; nil if it has none.
    ///
    /// - Throws: `ClientError` where the remote cannot be read, or is no archive repository.
    public func collection() throws -> String? {
        if configuration == nil {
            givesObjects = false
            try fetch([])
        }
        return configuration?.collection.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Has a ref stand for a commit, wherever the remote's ref points to.
    public func resolve(_ ref: RefName, to commit: Checksum) {
        known[ref] = commit
    }

    /// Runs requests, and checks once that the remote is a repository that can be pulled from.
    private func fetch(_ requests: [any WebRequest], beforeConfiguration: Bool = false) throws {
        guard configuration == nil, !givesObjects, !beforeConfiguration else { return try run(requests) }
        if requests.count == 1, !isConfigurationDue, !hasMirrors, let request = requests[0] as? TextRequest {
            return try fetch(alone: request)
        }
        try client.chooseMirror("config", limit: 64 * 1024) { [remote] bytes in
            (try? RemoteConfiguration(bytes, of: remote)) != nil
        }
        try fetchConfiguration(with: requests)
    }

    /// Runs a request alone, with whose answer `bst-artifact serve` tells that what it serves can be pulled from. Of another
    /// server the configuration is fetched with what comes next, so that it costs no round trip.
    private func fetch(alone request: TextRequest) throws {
        do {
            try client.run(few: [request])
        } catch let error as ClientError where error.code == .badContent {
            // The configuration shows if there is a repository at all, which the user must hear first.
            try fetchConfiguration(with: [])
            throw error
        }
        givesObjects = request.givesObjects
        if !givesObjects, !request.isFound { try fetchConfiguration(with: []) }
        isConfigurationDue = true
    }

    private func fetchConfiguration(with requests: [any WebRequest]) throws {
        let request = configurationRequest()
        try run(requests + [request])
        givesObjects = request.givesObjects
    }

    private func configurationRequest() -> TextRequest {
        TextRequest("config", of: remote, limit: 64 * 1024) { [self] bytes in
            guard let bytes else {
                throw ClientError(
                    .unknownRemote,
                    "there is no OSTree repository at \(remote): check the URL, down to its last part")
            }
            configuration = try RemoteConfiguration(bytes, of: remote)
        }
    }

    private func run(_ requests: [any WebRequest]) throws {
        if requests.count <= RemoteRepository.fewRequests, !hasMirrors {
            try client.run(few: requests.reversed())
        } else {
            var requests = requests
            try client.run { requests.popLast() }
        }
    }

    private func refRequest(_ ref: RefName) -> TextRequest {
        TextRequest("refs/heads/\(SplitURL.encode(ref.text))", of: remote, limit: 4096) { [self] bytes in
            // A directory of refs is no ref, and libcurl reads a local one as nothing.
            guard let bytes, !(bytes.isEmpty && isLocal) else { return }
            guard let checksum = Checksum(hex: String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self))
            else {
                throw ClientError(
                    .badContent,
                    "\(remote) gives ref \(ref) no commit but other text: check what serves that URL")
            }
            // Zeros stand for a ref of a bucket that is gone.
            known[ref] = checksum.unlessZeros
        }
    }

    /// Fetches those commits, without their trees, that the remote has.
    ///
    /// - Throws: `ClientError` where it has something else in the place of one.
    public func existing(_ commits: [Checksum]) throws -> [Checksum: Commit] {
        var found: [Checksum: Commit] = [:]
        try fetch(
            Set(commits).sorted().map { commit in
                let name = ObjectName(commit, .commit)
                return TextRequest(name.webPath, of: remote, limit: Commit.maximumMetadataSize) {
                    [remote] bytes in
                    guard let bytes else { return }
                    do throws(RepositoryError) {
                        found[commit] = try Commit(verifying: bytes, name)
                    } catch {
                        throw ClientError.wrongBytes(error, from: remote)
                    }
                }
            })
        return found
    }

    /// Fetches the detached metadata of commits; empty for a commit without any.
    ///
    /// - Throws: `ClientError` where the remote cannot be read.
    func detachedMetadata(of commits: [Checksum]) throws -> [Checksum: DetachedMetadata] {
        var found: [Checksum: DetachedMetadata] = [:]
        try fetch(
            Set(commits).sorted().map { commit in
                let name = ObjectName(commit, .commitmeta)
                return TextRequest(name.webPath, of: remote, limit: Commit.maximumMetadataSize) { bytes in
                    // Bytes that are no metadata, such as an error page with status 200, count as none.
                    found[commit] =
                        try (try? DetachedMetadata(bytes, of: commit))
                        ?? DetachedMetadata(nil, of: commit)
                }
            })
        return found
    }

    /// Returns the collection of its own refs, and those of other repositories, as its summary has them.
    ///
    /// - Throws: the errors of ``summary(in:beforeConfiguration:)``.
    public func collections() throws -> (own: String?, mirrored: [String]) {
        // The remote's configuration is of interest once something is pulled.
        let summary = try summary(beforeConfiguration: true)
        return (summary.collection, summary.mirroredCollections)
    }

    /// Visits the refs in its summary, sorted by name.
    ///
    /// - Throws: the errors of ``summary(in:beforeConfiguration:)``; what `visit` throws.
    public func forEachRef(
        matching patterns: [String], ofCollection collection: String?, hasDetails: Bool,
        _ visit: (Summary.Entry) throws -> Void
    ) throws {
        let summary = try summary()
        guard let collection else { return try summary.forEach(visit) }
        try summary.forEach(ofCollection: collection, visit)
    }

    /// Fetches everything that is missing, and waits until it is verified.
    ///
    /// - Throws: `ClientError` with `missing` where the remote lacks a part of it.
    public func fetch(_ objects: ObjectFetch, with deltas: DeltaUse?) throws {
        if configuration == nil, !givesObjects { objects.companion = configurationRequest() }
        // Mirrors, and another place for content, are asked for single objects.
        objects.usesBatches =
            givesObjects && client.mirrors.count == 1
            && client.mirrors[0].content == nil
        let mayHaveDeltas = try objects.usesBatches ? objects.runFirstBatch(on: client) : true
        if let deltas, !isBucket, mayHaveDeltas || deltas.choice == .always {
            try DeltaFetch(deltas, for: objects, client: client).run()
        }
        try objects.run(on: client)
    }

    /// Fetches the summary into a temporary file, since it need not fit into memory.
    ///
    /// - Parameters:
    ///   - directory: the directory for that; nil for `TMPDIR` or else `/var/tmp`.
    ///   - beforeConfiguration: true to leave the check that the remote can be pulled from to later requests.
    /// - Throws: `ClientError` with `missing` where there is none; `RepositoryError` where a verifier refuses it.
    public func summary(in directory: String? = nil, beforeConfiguration: Bool = false) throws -> Summary {
        if let fetchedSummary { return fetchedSummary }
        var attempts = RemoteRepository.attemptsToVerify
        while true {
            let (summary, signatures) = try fetchSummary(in: directory, beforeConfiguration)
            do {
                if !summaryVerifiers.isEmpty {
                    try summary.verify(signatures, by: summaryVerifiers, of: remote)
                }
                fetchedSummary = summary
                return summary
            } catch  where attempts > 1 {
                // The two files may be of two updates, or the signature may not be there yet.
                attempts -= 1
                usleep(300_000)
            }
        }
    }

    private func fetchSummary(
        in directory: String?, _ beforeConfiguration: Bool
    ) throws -> (summary: Summary, signatures: [UInt8]?) {
        let request = try SummaryRequest(of: remote, in: directory)
        var signatures: [UInt8]?
        let signatureRequest = TextRequest("summary.sig", of: remote, limit: 1 << 20) { signatures = $0 }
        try fetch(
            summaryVerifiers.isEmpty ? [request] : [request, signatureRequest],
            beforeConfiguration: beforeConfiguration && !hasMirrors)
        guard request.isPresent else {
            // There may be no repository at all.
            try fetch([])
            throw ClientError(
                .missing,
                "\(remote) has no summary, so what it has cannot be listed: its administrator makes one with "
                    + "'ostree summary -u'; single refs can be pulled without")
        }
        do { return (try Summary(mapping: request.file), signatures) } catch is RepositoryError {
            throw ClientError(
                .badContent, "\(remote) serves a summary that is none: check what serves that URL")
        }
    }
}
