// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls

/// Pushes commits of a repository to a remote's receiver.
///
/// The process must ignore SIGPIPE (`signal(SIGPIPE, SIG_IGN)`): a receiver may go away while it is written to, which
/// is an error here and must not end the program.
///
/// ```
/// let pusher = Pusher(repository: try Repository(path))
/// let report = try pusher.push([(ref, commit)], to: RemoteAddress(parsing: "artifacts@example.com:artifacts"))
/// ```
public struct Pusher {
    /// The settings for a push.
    public struct Options: Sendable {
        /// The settings for starting receivers.
        public var receiver = ReceiverCommand.Options()
        /// The level for objects that are not compressed yet.
        public var compression = Compression.balanced
        /// The longest time in which a receiver may neither send nor accept anything. Old receivers are silent while
        /// they publish.
        public var timeout: Duration = .seconds(600)
        /// Receives the standard error of ssh and the receiver, with unprintable characters escaped, on another thread.
        public var showMessage: @Sendable (UnsafeRawBufferPointer) -> Void = { bytes in
            try? Descriptor.standardError.writeAll(bytes)
        }
        /// The capabilities to announce; with none, every byte is that of version 1.
        public var capabilities = Capability.ofClients
        /// Receives the activity of a receiver that takes long.
        public var showActivity: @Sendable (String) -> Void = { _ in }
        /// Receives the progress after each object and at the end. If set, all objects of the commits are counted
        /// first.
        public var showProgress: (@Sendable (TransferProgress) -> Void)?
        /// Sends nothing: the report has the expected results, and the number of objects in the new commits, some of
        /// which the remote may have.
        public var isDryRun = false
        /// Asks the remote to replace commits that are not ancestors of ours. Each is named as it was seen there, and
        /// the remote decides.
        public var isForced = false
        /// The ancestors that are sent, as far as they are here, behind commits that the remote has.
        public var historyFilling = HistoryFilling.missed
        /// The settings for the web server that is asked for refs where the receiver does not name them.
        public var web = WebOptions()
        /// Ends the push when it is requested.
        public var cancellation: Cancellation?

        /// The settings for connections.
        public var connection: ConnectionOptions {
            var connection = ConnectionOptions()
            connection.receiver = receiver
            connection.timeout = timeout
            connection.showMessage = showMessage
            connection.cancellation = cancellation
            return connection
        }

        /// The options that push as BuildStream 1.0 does.
        public init() {}
    }

    let repository: Repository
    let options: Options

    /// Prepares to push.
    ///
    /// - Parameters:
    ///   - repository: the source.
    ///   - options: the settings.
    public init(repository: Repository, options: Options = Options()) {
        self.repository = repository
        self.options = options
    }

    /// Pushes refs and everything that they need to the remote.
    ///
    /// Refs that the remote has at another commit, which is not an ancestor of ours, are left and reported, unless the
    /// push is forced or both commits are artifacts, which have no parent; the others are pushed. The refs of one
    /// exchange of messages move together or not at all.
    ///
    /// - Throws: `ClientError`, `RepositoryError` or `ProtocolError`; then the refs of the exchanges that were
    ///   acknowledged before have moved, and no others.
    public func push(
        _ refs: [(ref: RefName, commit: Checksum)], to remote: RemoteAddress
    ) throws -> PushReport {
        let command = try ReceiverCommand(remote, options: options.receiver)
        let progress = PushProgress(repository, commits: refs.lazy.map(\.commit), options.showProgress)
        var report = PushReport()
        var walk = ObjectWalk(repository)
        let refs = Pusher.unique(refs)
        report.results.reserveCapacity(refs.count)
        var rest = refs[...]
        var options = options
        while !rest.isEmpty {
            var exchange = PushExchange(
                repository: repository, options: options, remote: command.remote, address: remote,
                connection: try ReceiverConnection(
                    command, options.connection, session: PushStateMachine(version: options.receiver.version)),
                progress: progress)
            do {
                rest = try exchange.push(firstOf: rest, by: &walk)
            } catch let error as ClientError
                where error.code == .refused && !error.isFinal && exchange.isFillingMissed
            {
                // Ancestors may break rules that the new commits keep.
                report.historyRefusal = "\(error)"
                options.historyFilling = .never
                continue
            }
            report.results += exchange.report.results
            report.laterMetadata.merge(exchange.report.laterMetadata) { first, _ in first }
            report.historyGaps += exchange.report.historyGaps
            report.filledIn += exchange.report.filledIn
            report.cannotFillHistory = report.cannotFillHistory || exchange.report.cannotFillHistory
            report.objects += exchange.report.objects
        }
        if !options.isDryRun {
            progress.finish()
            (report.objects, report.bytes) = (progress.current.objects, progress.current.bytes)
        }
        return report
    }

    /// Returns refs, each once. A list in the order of its names is not copied, since it may be long.
    private static func unique(
        _ refs: [(ref: RefName, commit: Checksum)]
    ) -> [(ref: RefName, commit: Checksum)] {
        guard zip(refs, refs.dropFirst()).contains(where: { $0.ref >= $1.ref }) else { return refs }
        var seen: Set<RefName> = []
        return refs.filter { seen.insert($0.ref).inserted }
    }

    /// Starts a receiver, and returns its introduction.
    ///
    /// - Throws: `ClientError` where it cannot be reached.
    public static func check(_ remote: RemoteAddress, options: Options = Options()) throws -> Info {
        let connection = try ReceiverConnection(
            ReceiverCommand(remote, options: options.receiver), options.connection,
            session: PushStateMachine(version: options.receiver.version))
        if options.receiver.version == .one {
            // Of interest to people.
            let capabilities = options.capabilities.union(options.capabilities.isEmpty ? [] : [.pull])
            try connection.say { try $0.begin(Info(mode: 0, capabilities: capabilities)) }
        }
        let info = try connection.introduction()
        try connection.leave()
        return info
    }
}
