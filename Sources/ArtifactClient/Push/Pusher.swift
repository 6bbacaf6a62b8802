// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls

/// Pushes commits of a repository to a remote's receiver.
///
/// The process must ignore SIGPIPE (`signal(SIGPIPE, SIG_IGN)`): a receiver may go away while it is written to, which is an
/// error here and not the end of the program.
///
/// ```
/// let pusher = Pusher(repository: try Repository(path))
/// let report = try pusher.push([(ref, commit)], to: RemoteAddress(parsing: "artifacts@example.com:artifacts"))
/// ```
public struct Pusher {
    /// How to push.
    public struct Options: Sendable {
        /// How receivers are started.
        public var receiver = ReceiverCommand.Options()
        /// How hard to compress what is not compressed yet.
        public var compression = Compression.balanced
        /// How long a receiver may neither say nor take anything before it is given up on, in seconds. Old receivers are
        /// silent while they publish.
        public var patience: Int32 = 600
        /// Gets what ssh and the receiver write to standard error, with what is not printable escaped, on a thread of its own.
        public var showMessage: @Sendable (UnsafeRawBufferPointer) -> Void = { bytes in
            try? Descriptor.standardError.writeAll(bytes)
        }
        /// What it can do beyond version 1; with none, every byte is that of version 1.
        public var capabilities = Capability.standard
        /// Is told what the receiver is doing while it takes its time.
        public var showActivity: @Sendable (String) -> Void = { _ in }
        /// Is told after each object, and at the end, how far the push has come. To know that, everything that the commits consist of is
        /// looked up first; without anybody to tell, it is not.
        public var showProgress: (@Sendable (TransferProgress) -> Void)?
        /// Whether nothing is to be sent: then the report tells what would become of refs, and how many objects their new
        /// commits consist of, of which the remote may have some.
        public var isDryRun = false
        /// Asks the remote to replace commits that are not ancestors of ours. Each is named as it was seen there, and
        /// the remote decides.
        public var isForced = false
        /// Options for the web server that is asked for refs where the receiver does not tell them.
        public var web = WebOptions()
        /// Ends the push when it is requested.
        public var cancellation: Cancellation?

        /// The options that push as BuildStream 1.0 does.
        public init() {}
    }

    private let repository: Repository
    private let options: Options

    /// Prepares to push.
    ///
    /// - Parameters:
    ///   - repository: what is pushed from.
    ///   - options: how to push.
    public init(repository: Repository, options: Options = Options()) {
        self.repository = repository
        self.options = options
    }

    private var version: ProtocolVersion { options.receiver.version }

    /// Starts a receiver, asks what it is, and leaves.
    ///
    /// - Throws: `ClientError` where it cannot be reached.
    public static func check(_ remote: RemoteAddress, options: Options = Options()) throws -> Info {
        let command = try ReceiverCommand(remote, options: options.receiver)
        let connection = try ReceiverConnection(command, options)
        if options.receiver.version == .one {
            try connection.say { try $0.begin(Info(mode: 0, capabilities: options.capabilities)) }
        }
        let info = try connection.introduction()
        try connection.say { try $0.leave() }
        try connection.close()
        return info
    }

    /// Brings refs and everything that they need to the remote.
    ///
    /// Refs that the remote has at another commit, which is not an ancestor of ours, are left and reported, unless the push is
    /// forced or both commits are artifacts, which have no parent; the others are pushed. What one exchange of messages
    /// holds moves together or not at all.
    ///
    /// - Throws: `ClientError`, `RepositoryError` or `ProtocolError`; then the refs of the exchanges that were
    ///   acknowledged before have moved, and no others.
    public func push(
        _ refs: [(ref: RefName, commit: Checksum)], to remote: RemoteAddress
    ) throws -> PushReport {
        let command = try ReceiverCommand(remote, options: options.receiver)
        var report = PushReport()
        var closure = Closure(repository)
        let meter = PushProgress(repository, commits: refs.map(\.commit), options.showProgress)
        var seen: Set<RefName> = []
        var rest = refs.filter { seen.insert($0.ref).inserted }[...]
        while !rest.isEmpty {
            rest = try push(firstOf: rest, with: command, &closure, meter, &report)
        }
        if !options.isDryRun {
            meter.finish()
            (report.objects, report.bytes) = (meter.progress.objects, meter.progress.bytes)
        }
        return report
    }

    /// As many refs, from the first on, as an `update` of at most `size` bytes holds.
    private static func part(
        of refs: ArraySlice<(ref: RefName, commit: Checksum)>, size: Int
    ) -> ArraySlice<(ref: RefName, commit: Checksum)> {
        var total = 0
        return refs.prefix { entry in
            total += RefEdit(entry.ref, from: .mustNotExist, to: entry.commit).maximumEncodedSize
            return total <= size
        }
    }

    /// Leaves room for a long pull URL beside the refs.
    private static let refSpace = FrameHeader.maximumBodySize - 4096
    private static let longRefSpace = FrameHeader.maximumLongBodySize - 65536

    /// Pushes as many refs as one exchange of messages holds.
    ///
    /// - Returns: the others.
    private func push(
        firstOf refs: ArraySlice<(ref: RefName, commit: Checksum)>, with command: ReceiverCommand,
        _ closure: inout Closure, _ meter: PushProgress, _ report: inout PushReport
    ) throws -> ArraySlice<(ref: RefName, commit: Checksum)> {
        let connection = try ReceiverConnection(command, options)
        var part = Pusher.part(of: refs, size: Pusher.refSpace)
        func introduce(_ refs: ArraySlice<(ref: RefName, commit: Checksum)>) throws {
            // What travels is what an archive repository stores, whatever the mode of ours: old receivers know no other.
            let own = Dictionary(refs.map { ($0.ref, $0.commit) }) { first, _ in first }
            let info = Info(
                mode: RepositoryMode.archive.rawValue, refs: own, capabilities: options.capabilities)
            try connection.say { try $0.begin(info) }
        }
        if version == .one { try introduce(part) }
        var info = try connection.introduction()
        if connection.session.capabilities.contains(.largeFrames), part.count < refs.count {
            let more = Pusher.part(of: refs, size: Pusher.longRefSpace)[part.endIndex...]
            try introduce(more)
            info.refs.merge(try connection.introduction().refs) { first, _ in first }
            part = refs[..<more.endIndex]
        }
        try push(part, info, through: connection, command, &closure, meter, &report)
        return refs[part.endIndex...]
    }

    private func push(
        _ refs: ArraySlice<(ref: RefName, commit: Checksum)>, _ info: Info,
        through connection: ReceiverConnection,
        _ command: ReceiverCommand, _ closure: inout Closure, _ meter: PushProgress,
        _ report: inout PushReport
    ) throws {
        guard info.mode == RepositoryMode.archive.rawValue else {
            try? connection.say { try $0.leave() }
            try? connection.close()
            let mode = RepositoryMode(rawValue: info.mode).map { "\($0)" } ?? "\(info.mode)"
            throw ClientError(
                .unsuitableRemote,
                "cannot push to \(command.remote): the repository there is of mode \(mode), and a cache must be of mode "
                    + "archive: make it with 'bst-artifact init --mode archive'")
        }
        var plan = try plan(
            refs, told: info.refs,
            remote: RemoteRefs(refs.map(\.ref), told: info, by: connection, of: command.remote, options))
        if options.isDryRun, info.isReadOnly, !plan.edits.isEmpty {
            // Without a dry run the receiver says so itself.
            try connection.say { try $0.leave() }
            try connection.close()
            throw ClientError.readOnly(command.remote)
        }
        if options.isDryRun {
            for commit in plan.commits { try closure.visit(commit) { _ in report.objects += 1 } }
        }
        if plan.edits.isEmpty || options.isDryRun {
            try connection.say { try $0.leave() }
            try connection.close()
        } else {
            try connection.say { try $0.update(plan.edits) }
            _ = try connection.answer()
            if connection.session.capabilities.contains(.want) {
                plan.note(try answer(plan.edits, through: connection, meter))
                try connection.close()
                report.results += plan.results
                return
            }
            try connection.say { try $0.beginObjects() }
            try send(plan.commits, through: connection, &closure, meter)
            try connection.say { try $0.end() }
            if version == .one { _ = try connection.answer() }
            try connection.close()
        }
        report.results += plan.results
    }

    /// What is to be done, given what the remote has.
    private struct Plan {
        var results: [RefEditResult] = []
        var edits: [RefEdit] = []
        /// Commits to send, each once, older ones first.
        var commits: [Checksum] = []

        /// Corrects the expected results by those that the receiver tells.
        mutating func note(_ told: [RefEditResult]) {
            let told = Dictionary(told.map { ($0.ref, $0) }) { first, _ in first }
            for index in results.indices where results[index].outcome == .moved {
                guard let result = told[results[index].ref], result.outcome != .moved else { continue }
                (results[index].outcome, results[index].old) = (result.outcome, result.old)
            }
        }
    }

    /// - Parameters:
    ///   - told: the refs that the receiver named, which is where it must be told again that they are.
    ///   - remote: the refs of the remote.
    private func plan(
        _ refs: ArraySlice<(ref: RefName, commit: Checksum)>, told: [RefName: Checksum], remote: RemoteRefs
    ) throws -> Plan {
        var plan = Plan()
        var planned: Set<Checksum> = []
        // The strong and the weak cache key of an artifact point to the same commit.
        var histories: [[Checksum?]: (commits: [Checksum], reached: Bool)] = [:]
        for (ref, commit) in refs {
            let old = remote[ref]
            if old == commit {
                plan.results.append(RefEditResult(ref, .unchanged, from: commit, to: commit))
                continue
            }
            let history = try histories[[commit, old]] ?? repository.history(from: commit, backTo: old)
            histories[[commit, old]] = history
            if let old, !history.reached, try !mayReplace(old, with: commit) {
                plan.results.append(RefEditResult(ref, .diverged, from: old, to: commit))
                continue
            }
            plan.results.append(RefEditResult(ref, remote.isKnown ? .moved : .sent, from: old, to: commit))
            plan.edits.append(RefEdit(ref, at: told[ref], to: commit))
            plan.commits += history.commits.reversed().filter { planned.insert($0).inserted }
        }
        return plan
    }

    /// Tells whether the remote is to be asked to move a ref to a commit that is no descendant, as far as its history is here.
    private func mayReplace(_ old: Checksum, with new: Checksum) throws -> Bool {
        if options.isForced { return true }
        guard try repository.commit(new).parent == nil else { return false }
        // The remote sees whether its commit has a parent, where that is not here.
        return try !repository.contains(ObjectName(old, .commit)) || repository.commit(old).parent == nil
    }

    /// Sends what the receiver asks for, until it has published everything.
    ///
    /// - Returns: what became of refs.
    private func answer(
        _ edits: [RefEdit], through connection: ReceiverConnection, _ meter: PushProgress
    ) throws -> [RefEditResult] {
        let offered = OfferedObjects(repository)
        for commit in edits.compactMap(\.new) { offered.add(commit) }
        let encoder = try ParallelEncoder(repository, compression: options.compression)
        var answerer = ObjectAnswerer(connection, encoder, offered, meter)
        func answer(_ first: [ObjectName]) throws {
            try answerer.answer(first, showActivity: options.showActivity)
            try connection.say { try $0.end() }
        }
        try answer([])
        var results: [RefEditResult] = []
        while true {
            switch try connection.answer() {
            case .want(let names): try answer(names)
            case .results(let more): results += more
            case .progress(let progress): options.showActivity(progress.activity)
            case .done: return results
            case .info, .status: break
            }
        }
    }

    /// Sends what the commits consist of and was not sent in an earlier exchange.
    private func send(
        _ commits: [Checksum], through connection: ReceiverConnection, _ closure: inout Closure,
        _ meter: PushProgress
    ) throws {
        let encoder = try ParallelEncoder(repository, compression: options.compression)
        var sender = ObjectSender(connection, encoder, meter)
        for commit in commits {
            var isSent = false
            try closure.visit(commit) { name in
                if name == ObjectName(commit, .commit) { isSent = true }
                try sender.send(name)
            }
            // The first receivers of version 0 move no ref where no object follows.
            if !isSent { try sender.send(ObjectName(commit, .commit)) }
        }
        try sender.finish()
    }
}
