// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import Logging
import SystemCalls

/// Takes one push: drives a `ReceiveStateMachine` between two descriptors and puts what arrives into a store.
///
/// ```
/// let repository = try Repository("/srv/artifacts")
/// try Receiver(store: repository).serve(input: .standardInput, output: .standardOutput)
/// ```
///
/// From asynchronous code it works on a thread of its own, and ends with the task.
public struct Receiver: Sendable {
    /// How a receiver behaves.
    public struct Options: Sendable {
        /// The version to speak.
        public var version = ProtocolVersion.one
        /// Where clients can pull from, told to those that ask.
        public var pullURL: String?
        /// The policy for moving refs that exist.
        public var moves = RefMovePolicy.artifacts
        /// What it can do beyond version 1.
        public var capabilities = Capability.standard
        /// Is true if nothing may be changed, which clients that only ask are told.
        public var isReadOnly = false
        /// Is told of each push that moved or removed refs, before its client is.
        public var record: @Sendable (PushRecord) -> Void = { _ in }
        /// The longest inactivity of the client; nil for no limit.
        public var timeout: Duration?
        /// Ends the push when it is requested. Those who call from a task need none: the push ends with the task.
        public var cancellation: Cancellation?

        /// The options that serve a BuildStream 1.0 client.
        public init() {}
    }

    private let store: any ArtifactStore
    private let policies: ReceivePolicies
    private var options: Options
    private let logger: Logger

    /// Prepares to take pushes.
    ///
    /// - Parameters:
    ///   - store: where they go.
    ///   - policies: the owner's rules, asked in order.
    ///   - options: how to behave.
    ///   - logger: must not write to the output that carries the protocol.
    public init(
        store: any ArtifactStore, policies: [any ReceivePolicy] = [], options: Options = Options(),
        logger: Logger = Logger(label: "receive", factory: { _ in SwiftLogNoOpLogHandler() })
    ) {
        self.store = store
        self.policies = ReceivePolicies((options.isReadOnly ? [ReadOnly(store.location)] : []) + policies)
        self.options = options
        self.logger = logger
    }

    /// Takes one push.
    ///
    /// Returning means that everything the client asked for was done. Where something failed, the client was told
    /// why, as far as it still listens, and nothing of the push is visible.
    ///
    /// - Throws: `ProtocolError`, `RepositoryError` or `SystemError`.
    public func serve(input: Descriptor, output: Descriptor) throws {
        var session = ReceiveSession(
            store: store, policies: policies, options: options, logger: logger, output: output)
        do {
            if !options.isReadOnly { try store.recover() }
            try session.run(input: input)
        } catch {
            // A client that was refused has nothing more to say; whatever it says, that is the cause.
            let cause = session.refusal ?? explained(error)
            session.tell(cause)
            throw cause
        }
    }

    /// Takes one push on a thread of its own, until it is done or the task is cancelled. What a cancelled push has delivered
    /// is kept for the client's next attempt, as after a connection that broke.
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

    /// Neither a full disk nor a receiver that stops is what a client could guess from the system's words.
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
