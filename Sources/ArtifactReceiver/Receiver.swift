// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import Logging
import SystemCalls

/// An open file, pipe or socket, by which a receiver reads from its client and writes to it.
public typealias Descriptor = SystemCalls.Descriptor

/// The receiving side of a push: runs the protocol between two descriptors and puts the received objects into a store.
///
/// ```
/// let repository = try Repository("/srv/artifacts")
/// try Receiver(store: repository).serve(input: .standardInput, output: .standardOutput)
/// ```
///
/// In asynchronous code it runs on a thread of its own, and stops if the task is cancelled.
public struct Receiver: Sendable {
    /// Options of a receiver.
    public struct Options: Sendable {
        /// The protocol version.
        public var version = ProtocolVersion.one
        /// The URL from which clients can pull, sent to clients that request it.
        public var pullURL: String?
        /// The policy for moving refs that exist.
        public var moves = RefMovePolicy.artifacts
        /// Gives commits their final form before they are published.
        public var rewriter = CommitRewriter()
        /// The supported extensions of version 1.
        public var capabilities = Capability.standard
        /// The refs that clients may read with `Capability.pull`; nil for all. Of other commits, clients do not learn that they are
        /// there either, but for those of refs that they push.
        public var readable: RefFilter?
        /// Refuses all changes, and says so to clients that only query refs.
        public var isReadOnly = false
        /// A handler of what a client of version 1 says of itself, called before it gets an answer.
        public var introduced: @Sendable (Info) -> Void = { _ in }
        /// A handler of each push that moved or removed refs, called before the client gets the final answer.
        public var record: @Sendable (PushRecord) -> Void = { _ in }
        /// The maximum time for which the client may be silent or not read; nil for no limit.
        public var timeout: Duration?
        /// Ends the push when it is requested. Not needed in asynchronous code, where cancelling the task ends the
        /// push.
        public var cancellation: Cancellation?

        /// Creates options that suit a BuildStream 1.0 client.
        public init() {}
    }

    private let store: any ArtifactStore
    private let policies: ReceivePolicies
    private var options: Options
    private let logger: Logger

    /// Creates a receiver.
    ///
    /// - Parameters:
    ///   - store: The store that receives the objects.
    ///   - policies: The owner's rules, checked in order.
    ///   - options: The receiver's options.
    ///   - logger: A logger, which must not write to the output that carries the protocol.
    public init(
        store: any ArtifactStore, policies: [any ReceivePolicy] = [], options: Options = Options(),
        logger: Logger = Logger(label: "receive", factory: { _ in SwiftLogNoOpLogHandler() })
    ) {
        self.store = store
        self.policies = ReceivePolicies((options.isReadOnly ? [ReadOnly(store.location)] : []) + policies)
        self.options = options
        self.logger = logger
    }

    /// Serves one push.
    ///
    /// Returns once everything that the client requested is done. If something fails, the client is told the reason,
    /// unless it has disconnected, and nothing of the push becomes visible.
    ///
    /// - Throws: `ProtocolError`, `RepositoryError` or `SystemError`.
    public func serve(input: Descriptor, output: Descriptor) throws {
        var session = ReceiveSession(
            store: store, policies: policies, options: options, logger: logger, output: output)
        do {
            if !options.isReadOnly { try store.recover() }
            try session.run(input: input)
        } catch {
            // After a refusal the client's further errors are its consequence.
            let cause = session.refusal ?? explained(error)
            session.tell(cause)
            throw cause
        }
    }

    /// Serves one push on a thread of its own, until it is done or the task is cancelled. The objects that a cancelled
    /// push delivered are kept for the client's next attempt, as after a lost connection.
    ///
    /// - Throws: `ProtocolError`, `RepositoryError`, `SystemError` or `CancellationError`.
    public func serve(input: Descriptor, output: Descriptor) async throws {
        try await workOnThread { cancellation in
            var options = options
            options.cancellation = cancellation
            var receiver = self
            receiver.options = options
            try receiver.serve(input: input, output: output)
        }
    }

    /// Replaces errors of the system about a full disk or a cancellation, which would not help a client, by
    /// explanations.
    private func explained(_ error: any Error) -> any Error {
        if options.cancellation?.isRequested == true, (error as? SystemError)?.code == ECANCELED {
            return RepositoryError(
                .busy,
                "the receiver of \(store.location) was told to stop, so nothing was changed: push again")
        }
        guard let failure = error as? SystemError, failure.isOutOfSpace else { return error }
        return RepositoryError(
            .noSpace,
            "the cache at \(store.location) is full, so nothing was changed (\(failure)): ask its administrator to make room"
        )
    }
}
