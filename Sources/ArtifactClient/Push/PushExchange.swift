// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// One session with a receiver, which moves as many refs as its messages hold, together or not at all.
struct PushExchange {
    typealias Ref = (ref: RefName, commit: Checksum)

    let repository: Repository
    let options: Pusher.Options
    let remote: String
    let connection: ReceiverConnection
    let progress: PushProgress
    private(set) var report = PushReport()

    /// The space for refs in a message, beside a long pull URL.
    private static let refSpace = FrameHeader.maximumBodySize - 4096
    private static let largeRefSpace = FrameHeader.maximumLongBodySize - 65536

    /// Pushes as many refs, from the first on, as fit.
    ///
    /// - Parameter walk: visits each object once, also in the exchanges that follow.
    /// - Returns: the remaining refs.
    mutating func push(
        firstOf refs: ArraySlice<Ref>, by walk: inout ObjectWalk
    ) throws -> ArraySlice<Ref> {
        var part = PushExchange.part(of: refs, size: PushExchange.refSpace)
        if options.receiver.version == .one { try introduce(part) }
        var info = try connection.introduction()
        if connection.session.capabilities.contains(.largeFrames), part.count < refs.count {
            let more = PushExchange.part(of: refs, size: PushExchange.largeRefSpace)[part.endIndex...]
            try introduce(more)
            info.refs.merge(try connection.introduction().refs) { first, _ in first }
            part = refs[..<more.endIndex]
        }
        try push(part, by: &walk, to: info)
        return refs[part.endIndex...]
    }

    /// Returns as many refs, from the first on, as an `update` of at most `size` bytes holds.
    private static func part(of refs: ArraySlice<Ref>, size: Int) -> ArraySlice<Ref> {
        var total = 0
        return refs.prefix { entry in
            total += RefEdit(entry.ref, from: .mustNotExist, to: entry.commit).maximumEncodedSize
            return total <= size
        }
    }

    private func introduce(_ refs: ArraySlice<Ref>) throws {
        // Objects travel as an archive repository stores them, whatever the mode of ours: old receivers know no other.
        let own = Dictionary(refs.map { ($0.ref, $0.commit) }) { first, _ in first }
        let info = Info(mode: RepositoryMode.archive.rawValue, refs: own, capabilities: options.capabilities)
        try connection.say { try $0.begin(info) }
    }

    private mutating func push(
        _ refs: ArraySlice<Ref>, by walk: inout ObjectWalk, to info: Info
    ) throws {
        guard info.mode == RepositoryMode.archive.rawValue else {
            try? connection.leave()
            let mode = RepositoryMode(rawValue: info.mode).map { "\($0)" } ?? "\(info.mode)"
            throw ClientError(
                .unsuitableRemote,
                "cannot push to \(remote): the repository there is of mode \(mode), and a cache must be of mode "
                    + "archive: make it with 'bst-artifact init --mode archive'")
        }
        var plan = try PushPlan(
            refs, told: info.refs, remote: try remoteRefs(refs.map(\.ref), told: info), from: repository,
            replacesAny: options.isForced || isReparenting)
        if plan.edits.isEmpty || options.isDryRun {
            try connection.leave()
            if options.isDryRun { try count(plan, by: &walk, for: info) }
        } else {
            try connection.say { try $0.update(plan.edits) }
            _ = try connection.answer()
            if connection.session.capabilities.contains(.want) {
                plan.apply(try sendWanted(for: plan.edits), reparenting: isReparenting)
            } else {
                try sendAll(plan.commits, by: &walk)
            }
            try connection.close()
        }
        report.results += plan.results
    }

    /// Indicates that the receiver puts commits on top of those that it has.
    private var isReparenting: Bool { connection.session.capabilities.contains(.reparent) }

    /// The time limit for a web server that is asked for refs.
    private static let webTimeout: Duration = .seconds(10)

    /// Returns the refs that the remote has, from the receiver or, if it does not name refs, from the web server from which
    /// its cache is pulled; nil if neither tells.
    ///
    /// Receivers of BuildStream never name refs. Those with a capability of ours, those of version 0, and those that
    /// name at least one ref, name all of them.
    private func remoteRefs(_ refs: [RefName], told info: Info) throws -> [RefName: Checksum]? {
        let session = connection.session
        if session.version == .zero || !session.capabilities.isEmpty || !info.refs.isEmpty {
            return info.refs
        }
        var web = options.web
        web.attempts = 1
        web.timeout = min(web.timeout, PushExchange.webTimeout)
        web.timeLimit = PushExchange.webTimeout
        web.cancellation = options.cancellation
        do {
            let address = try Pusher.pullAddress(told: info.pullURL, by: remote)
            return try RemoteRepository(address, options: web).resolve(refs)
        } catch let error as ClientError where error.code == .cancelled {
            throw error
        } catch {
            // The push can do without.
            return nil
        }
    }

    /// Counts the objects that a dry run does not send.
    private mutating func count(_ plan: PushPlan, by walk: inout ObjectWalk, for info: Info) throws {
        // Without a dry run, the receiver itself refuses.
        if info.isReadOnly, !plan.edits.isEmpty { throw ClientError.readOnly(remote) }
        for commit in plan.commits { try walk.visit(commit) { _ in report.objects += 1 } }
    }

    /// Sends the objects that the receiver requests, until it has published everything.
    ///
    /// - Returns: the results for the refs.
    private func sendWanted(for edits: [RefEdit]) throws -> [RefEditResult] {
        let offered = OfferedObjects(repository)
        for commit in edits.compactMap(\.new) { offered.add(commit) }
        let encoder = try ParallelEncoder(repository, compression: options.compression)
        var answerer = ObjectAnswerer(
            connection: connection, encoder: encoder, offered: offered, progress: progress)
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
            case .progress(let activity): options.showActivity(activity)
            case .done: return results
            case .info, .status: break
            }
        }
    }

    /// Sends the objects of the commits that no earlier exchange sent.
    private func sendAll(_ commits: [Checksum], by walk: inout ObjectWalk) throws {
        try connection.say { try $0.beginObjects() }
        let encoder = try ParallelEncoder(repository, compression: options.compression)
        let sender = ObjectSender(connection: connection, encoder: encoder, progress: progress)
        for commit in commits {
            var isSent = false
            try walk.visit(commit) { name in
                if name == ObjectName(commit, .commit) { isSent = true }
                try sender.send(name)
            }
            // The first receivers of version 0 move no ref where no object follows.
            if !isSent { try sender.send(ObjectName(commit, .commit)) }
        }
        try sender.finish()
        try connection.say { try $0.end() }
        if options.receiver.version == .one { _ = try connection.answer() }
    }
}
