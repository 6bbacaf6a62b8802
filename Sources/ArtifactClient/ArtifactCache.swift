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
/// What it does, it does on a thread of its own. Where the task that waits for it is cancelled, the work ends, nothing
/// half-done is visible, and `CancellationError` is thrown; the next attempt goes on from there.
public struct ArtifactCache: Sendable {
    /// How the cache is talked to.
    public struct Options: Sendable {
        /// How the receiver of an ssh address is started, and how objects are sent to it.
        public var push = Pusher.Options()
        /// How a web server is talked to.
        public var web = WebOptions()
        /// Places that have the same as the cache, for pulls.
        public var mirrors: [RemoteAddress] = []

        /// The options that suit any cache.
        public init() {}
    }

    /// Where the cache is.
    public let address: RemoteAddress
    /// How it is talked to.
    public var options: Options

    /// Names a cache; nothing is connected yet.
    public init(address: RemoteAddress, options: Options = Options()) {
        self.address = address
        self.options = options
    }

    /// Names a cache: `ssh://HOST/PATH`, `HOST:PATH`, `https://HOST/PATH` or an absolute path.
    ///
    /// - Throws: `RemoteAddressError` where the text is no address.
    public init(_ address: String, options: Options = Options()) throws {
        self.init(address: try RemoteAddress(parsing: address), options: options)
    }

    /// Brings refs of a repository, and everything that they need, to the cache.
    ///
    /// - Parameters:
    ///   - refs: the refs, which must be in `repository`.
    ///   - progress: is told how far the push has come, on a thread of its own.
    /// - Returns: what became of each ref; look at ``PushReport/isComplete``, since a ref that has moved on is left where it is.
    /// - Throws: ``ClientError``, `RepositoryError`, `ProtocolError`, or `CancellationError`.
    @discardableResult
    public func push(
        _ refs: [String], from repository: Repository,
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> PushReport {
        try await perform { cancellation in
            let chosen = try ArtifactCache.names(refs).map { ref in
                guard let commit = try repository.commit(of: ref) else {
                    throw ClientError(
                        .unknownRef,
                        "\(repository.path) has no ref \(ref), so it cannot be pushed: commit it first")
                }
                return (ref: ref, commit: commit)
            }
            var options = options.push
            options.cancellation = cancellation
            options.showProgress = progress ?? options.showProgress
            return try Pusher(repository: repository, options: options).push(chosen, to: address)
        }
    }

    /// Brings refs of the cache, and everything that they need, into a repository, where they are called the same.
    ///
    /// - Parameters:
    ///   - refs: the refs.
    ///   - progress: is told how far the pull has come, on a thread of its own.
    /// - Throws: ``ClientError``, with `unknownRef` where the cache lacks a ref; `RepositoryError`; `CancellationError`.
    @discardableResult
    public func pull(
        _ refs: [String], into repository: Repository,
        progress: (@Sendable (TransferProgress) -> Void)? = nil
    ) async throws -> PullReport {
        try await perform { cancellation in
            let puller = Puller(from: try remote(cancellation), into: repository)
            if let progress { puller.showProgress = progress }
            return try puller.pull(try ArtifactCache.names(refs))
        }
    }

    /// The commits that the cache has for refs.
    ///
    /// - Returns: those of the refs that it has.
    public func commits(of refs: [String]) async throws -> [String: Checksum] {
        try await perform { cancellation in
            let found = try remote(cancellation).resolve(try ArtifactCache.names(refs))
            return Dictionary(uniqueKeysWithValues: found.map { ($0.key.text, $0.value) })
        }
    }

    /// Visits what the cache has, by its summary.
    ///
    /// - Parameter visit: gets one entry at a time, on a thread of its own: a cache may have a million.
    /// - Throws: ``ClientError`` with `missing` where the cache has no summary; what `visit` throws.
    public func forEachRef(_ visit: @escaping @Sendable (Summary.Entry) throws -> Void) async throws {
        try await perform { cancellation in
            try remote(cancellation).summary().forEach { entry in
                try cancellation.check()
                try visit(entry)
            }
        }
    }

    /// Starts the cache's receiver and asks what it is.
    public func check() async throws -> Info {
        try await perform { cancellation in
            var options = options.push
            options.cancellation = cancellation
            return try Pusher.check(address, options: options)
        }
    }

    /// Removes refs of the cache, all or none, where its owner allows that.
    ///
    /// - Returns: the refs, with the commits that they pointed to.
    @discardableResult
    public func delete(_ refs: [String]) async throws -> [RefDeletion] {
        try await perform { cancellation in
            var options = options.push
            options.cancellation = cancellation
            return try Pusher.delete(try ArtifactCache.names(refs), from: address, options: options)
        }
    }

    private func remote(_ cancellation: Cancellation) throws -> RemoteRepository {
        var web = options.web
        web.cancellation = cancellation
        var push = options.push
        push.cancellation = cancellation
        let source = address.isSSH ? try Pusher.pullAddress(of: address, options: push) : address
        return try RemoteRepository(source, mirrors: options.mirrors, options: web)
    }

    private static func names(_ refs: [String]) throws -> [RefName] {
        try refs.map { text in
            guard let ref = RefName(text) else {
                throw ClientError(
                    .unknownRef,
                    "‘\(text.forDisplay())’ is not a ref name: it has letters, digits, ‘-’, ‘.’ and ‘_’ between single slashes"
                )
            }
            return ref
        }
    }

    /// Runs what blocks on a thread of its own, until it ends or the task is cancelled.
    private func perform<Result: Sendable>(
        _ body: @escaping @Sendable (Cancellation) throws -> Result
    ) async throws -> Result {
        let cancellation = try Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                do {
                    _ = try Thread {
                        Signals.blockBrokenPipes()
                        continuation.resume(
                            with: Swift.Result {
                                do {
                                    try cancellation.check()
                                    return try body(cancellation)
                                } catch {
                                    throw cancellation.isRequested ? CancellationError() : error
                                }
                            })
                    }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            cancellation.request()
        }
    }
}
