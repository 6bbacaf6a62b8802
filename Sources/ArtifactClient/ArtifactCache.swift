// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls

/// A cache that artifacts are pushed to and pulled from.
///
/// ```swift
/// let cache = try ArtifactCache("artifacts@example.com:artifacts")
/// try await cache.push(["hello/base/4f2a"], from: Repository("my-artifacts"))
/// ```
///
/// Each operation runs on a thread of its own. When its task is cancelled, it ends with `CancellationError` and leaves
/// nothing partial visible; the next attempt goes on from there.
public struct ArtifactCache: Sendable {
    /// The settings for a cache.
    public struct Options: Sendable {
        /// The settings for the receiver of an ssh address and for pushes.
        public var push = Pusher.Options()
        /// The settings for web servers.
        public var web = WebOptions()
        /// Places that have the same as the cache, for pulls.
        public var mirrors: [RemoteAddress] = []
        /// Refuses a pull that would move a ref to a commit which is older than the one here.
        public var refusesOlder = false
        /// The number of ancestors of each commit that a pull fetches, as far as the cache has them.
        public var depth = HistoryDepth.commitOnly
        /// The use of static deltas by pulls.
        public var deltas = DeltaChoice.auto
        /// Reads an ssh cache through its receiver, if that gives objects, rather than from the web server that it names.
        public var readsThroughReceiver = true

        /// The options that suit any cache.
        public init() {}
    }

    /// The address of the cache.
    public let address: RemoteAddress
    /// The settings.
    public var options: Options

    /// Creates a cache; nothing is connected yet.
    public init(address: RemoteAddress, options: Options = Options()) {
        self.address = address
        self.options = options
    }

    /// Creates a cache from an address: `ssh://HOST/PATH`, `HOST:PATH`, `https://HOST/PATH` or an absolute path.
    ///
    /// - Throws: `RemoteAddressError` where the text is no address.
    public init(_ address: String, options: Options = Options()) throws {
        self.init(address: try RemoteAddress(parsing: address), options: options)
    }

    /// Pushes refs of a repository, and everything that they need, to the cache.
    ///
    /// - Parameters:
    ///   - refs: the refs, which must be in `repository`.
    ///   - repository: the source.
    ///   - progress: receives the progress, on another thread.
    /// - Returns: the result for each ref. The cache has all of them now, unless `options` ask for a dry run.
    /// - Throws: ``ClientError``, with `diverged` where the cache has another commit of a ref, which stays, while the
    ///   other refs are pushed; `RepositoryError`; `ProtocolError`; `CancellationError`. ``Pusher`` reports refs that
    ///   diverged rather than throw.
    @discardableResult
    public func push(
        _ refs: [String], from repository: Repository,
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> PushReport {
        try await workOnThread { cancellation in
            let chosen = try ArtifactCache.names(refs).map { ref in
                guard let commit = try repository.commit(of: ref) else {
                    throw ClientError(
                        .unknownRef,
                        "\(repository.path) has no ref \(ref), so it cannot be pushed: commit it first")
                }
                return (ref: ref, commit: commit)
            }
            var options = pushOptions(cancellation)
            options.showProgress = progress ?? options.showProgress
            let report = try Pusher(repository: repository, options: options).push(chosen, to: address)
            if !report.isComplete && !options.isDryRun { throw divergence(report) }
            return report
        }
    }

    /// Pulls refs of the cache, under the same names, and everything that they need into a repository.
    ///
    /// - Parameters:
    ///   - refs: the refs.
    ///   - commits: commits to pull without a ref.
    ///   - repository: the destination.
    ///   - progress: receives the progress, on another thread.
    /// - Throws: ``ClientError``, with `unknownRef` where the cache lacks a ref, with `older` where `options` refuse
    ///   its commit; `RepositoryError`; `CancellationError`.
    @discardableResult
    public func pull(
        _ refs: [String], commits: [Checksum] = [], into repository: Repository,
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> PullReport {
        try await workOnThread { cancellation in
            let chosen = try ArtifactCache.names(refs)
            let ours = try CommitsHere(repository, for: chosen)
            let puller = Puller(
                from: try remote(cancellation, naming: chosen, ours: ours), into: repository)
            puller.refusesOlder = options.refusesOlder
            puller.deltas = options.deltas
            puller.depth = options.depth
            if let progress { puller.showProgress = progress }
            return try puller.pull(chosen, commits: commits)
        }
    }

    /// Returns the commits of those refs that the cache has.
    public func commits(of refs: [String]) async throws -> [String: Checksum] {
        try await workOnThread { cancellation in
            let found = try remote(cancellation).resolve(try ArtifactCache.names(refs))
            return Dictionary(uniqueKeysWithValues: found.map { ($0.key.text, $0.value) })
        }
    }

    /// Calls a function for each ref in the cache's summary.
    ///
    /// - Parameter visit: receives one entry at a time, on another thread: a cache may have a million.
    /// - Throws: ``ClientError`` with `missing` where the cache has no summary; the errors of `visit`.
    public func forEachRef(_ visit: @escaping @Sendable (Summary.Entry) throws -> Void) async throws {
        try await workOnThread { cancellation in
            try remote(cancellation).forEachRef { entry in
                try cancellation.check()
                try visit(entry)
            }
        }
    }

    /// Starts the cache's receiver and returns its introduction.
    public func check() async throws -> Info {
        try await workOnThread { cancellation in
            try Pusher.check(address, options: pushOptions(cancellation))
        }
    }

    /// Removes refs of the cache, all or none, where its owner allows that.
    ///
    /// - Returns: the refs, with the commits that they pointed to.
    @discardableResult
    public func delete(_ refs: [String]) async throws -> [RefEditResult] {
        try await workOnThread { cancellation in
            try Pusher.delete(ArtifactCache.names(refs), from: address, options: pushOptions(cancellation))
        }
    }

    private func divergence(_ report: PushReport) -> ClientError {
        let refs = report.results.filter { $0.outcome == .diverged }
            .map { "\($0.ref) at \(Checksum.hexOrZeros($0.old))" }
        return ClientError(
            .diverged,
            "\(address) has \(refs.joined(separator: ", ")), which is not an ancestor of what is here, so it stays there: pull "
                + "it and commit on top of it, or set isForced to ask to have it replaced")
    }

    private func pushOptions(_ cancellation: Cancellation) -> Pusher.Options {
        var push = options.push
        push.web = options.web
        push.cancellation = cancellation
        return push
    }

    private func remote(
        _ cancellation: Cancellation, naming refs: [RefName] = [], ours: CommitsHere = CommitsHere()
    ) throws -> any PullSource {
        var web = options.web
        web.cancellation = cancellation
        var source = address
        if address.isSSH, options.readsThroughReceiver, options.mirrors.isEmpty, options.deltas != .always {
            let receiver = try ReceiverRepository(
                address, options: pushOptions(cancellation).connection, naming: refs, ours: ours)
            if receiver.givesObjects { return receiver }
            receiver.close()
            source = try Pusher.pullAddress(told: receiver.pullURL, by: "\(address)")
        } else if address.isSSH {
            source = try Pusher.pullAddress(of: address, options: pushOptions(cancellation))
        }
        return try RemoteRepository(source, mirrors: options.mirrors, options: web)
    }

    private static func names(_ refs: [String]) throws -> [RefName] {
        var seen: Set<RefName> = []
        return try refs.map { try RefName(parsing: $0) }.filter { seen.insert($0).inserted }
    }
}
