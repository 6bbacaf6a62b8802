// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// One session with a receiver, which moves as many refs as its messages hold, together or not at all.
struct PushExchange {
    typealias Ref = (ref: RefName, commit: Checksum)

    let repository: Repository
    let options: Pusher.Options
    let remote: String
    let address: RemoteAddress
    let connection: ReceiverConnection<PushStateMachine>
    let progress: PushProgress
    private(set) var report = PushReport()
    /// Indicates that ancestors which the remote misses are sent, without anybody having asked for that.
    private(set) var isFillingMissed = false

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
        let fillsAll = options.historyFilling == .all
        var prepared: PreparedObjects?
        if options.receiver.version == .one {
            let similar = try introduce(part, fillingIn: fillsAll)
            try connection.flush()
            // A damaged repository fails later, if one of its damaged objects is really sent.
            prepared = try? prepare(part, similar)
        }
        var info = try connection.introduction()
        if connection.session.capabilities.contains(.largeFrames), part.count < refs.count {
            let more = PushExchange.part(of: refs, size: PushExchange.largeRefSpace)[part.endIndex...]
            try introduce(more, fillingIn: fillsAll)
            info.add(try connection.introduction())
            part = refs[..<more.endIndex]
        }
        if options.historyFilling == .missed, !options.isDryRun,
            connection.session.capabilities.isSuperset(of: [.history, .largeFrames])
        {
            let gaps = Set(try historyGaps(part, info).map(\.ref))
            if !gaps.isEmpty {
                isFillingMissed = true
                try introduce(part.filter { gaps.contains($0.ref) }[...], fillingIn: true)
                info.add(try connection.introduction())
            }
        }
        try push(part, by: &walk, to: info, prepared)
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

    /// - Returns: the commits that new ones may resemble.
    @discardableResult
    private func introduce(_ refs: ArraySlice<Ref>, fillingIn fillsHistory: Bool) throws -> [Checksum] {
        // Objects travel as an archive repository stores them, whatever the mode of ours: old receivers know no other.
        let own = Dictionary(refs.map { ($0.ref, $0.commit) }) { first, _ in first }
        var info = Info(mode: RepositoryMode.archive.rawValue, refs: own, capabilities: options.capabilities)
        if try hasHistory(refs) {
            info.fillsHistory = fillsHistory
        } else {
            info.capabilities.remove(.history)
        }
        if info.capabilities.contains(.ahead) { info.similar = try repository.commits(beside: own.keys) }
        try connection.say { try $0.begin(info) }
        return info.similar
    }

    /// Returns true if a commit has a parent. Artifacts have none, and a cache need not look for their history.
    private func hasHistory(_ refs: ArraySlice<Ref>) throws -> Bool {
        try refs.contains { entry in
            try repository.contains(ObjectName(entry.commit, .commit))
                && repository.commit(entry.commit).parent != nil
        }
    }

    /// Returns the refs whose history ends early at the remote and goes on here.
    private func historyGaps(_ refs: ArraySlice<Ref>, _ info: Info) throws -> [PushReport.HistoryGap] {
        try refs.compactMap { entry in
            guard let end = info.historyEnds[entry.ref], try repository.hasParent(of: end) else { return nil }
            return PushReport.HistoryGap(ref: entry.ref, end: end)
        }
    }

    private mutating func push(
        _ refs: ArraySlice<Ref>, by walk: inout ObjectWalk, to info: Info, _ prepared: PreparedObjects?
    ) throws {
        guard info.mode == RepositoryMode.archive.rawValue else {
            try? connection.leave()
            let mode = RepositoryMode(rawValue: info.mode).map { "\($0)" } ?? "\(info.mode)"
            throw ClientError(
                .unsuitableRemote,
                "cannot push to \(remote): the repository there is of mode \(mode), and a cache must be of mode "
                    + "archive: make it with 'bst-artifact init --mode archive'")
        }
        report.historyGaps = try historyGaps(refs, info)
        if options.historyFilling == .all, try hasHistory(refs) {
            report.cannotFillHistory = !connection.session.capabilities.contains(.history)
        }
        let metadata = MetadataComparison(
            repository: repository, remote: tellsMetadata ? info.metadata : nil)
        var plan = try PushPlan(
            refs, told: info.refs, remote: try remoteRefs(refs.map(\.ref), told: info), metadata: metadata,
            from: repository, replacesAny: options.isForced || isReparenting,
            filling: isFillingMissed || options.historyFilling == .all
                ? Set(report.historyGaps.map(\.ref)) : [])
        if plan.edits.isEmpty || options.isDryRun {
            try connection.leave()
            if options.isDryRun { try count(plan, by: &walk, for: info, metadata) }
        } else {
            let pushed = PushedCommits(plan.edits)
            try connection.say { try $0.update(plan.takeEdits()) }
            if connection.session.capabilities.contains(.want) {
                let (results, sent) = try sendWanted(pushed, told: info, prepared)
                plan.apply(results, reparenting: isReparenting)
                report.filledIn = sent.subtracting(plan.commits).count
            } else {
                _ = try connection.answer()
                try sendAll(plan.commits, by: &walk)
            }
            try connection.close()
        }
        report.results = plan.results
        try noteLaterMetadata(plan.results, metadata, told: info)
    }

    /// Indicates that the receiver tells which detached metadata it has, and takes additions.
    private var tellsMetadata: Bool {
        connection.session.capabilities.isSuperset(of: [.metadata, .want])
    }

    /// Notes which refs have signatures that came later. What a receiver without the capability has is looked up where its cache
    /// is pulled from.
    private mutating func noteLaterMetadata(
        _ results: [RefEditResult], _ metadata: MetadataComparison, told info: Info
    ) throws {
        if tellsMetadata {
            for result in results where [.unchanged, .moved].contains(result.outcome) {
                guard let commit = result.new, let addition = try metadata.addition(to: commit) else {
                    continue
                }
                report.laterMetadata[result.ref] = .added(addition)
            }
            return
        }
        // Nothing was sent in a dry run, nor did a diverged or kept ref ask for it.
        var signed: [(result: RefEditResult, commit: Checksum, all: MetadataAddition)] = []
        for result in results where [.unchanged, .moved, .sent].contains(result.outcome) {
            guard !options.isDryRun || result.outcome == .unchanged, let commit = result.new,
                try repository.contains(ObjectName(commit, .commitmeta)),
                let all = try metadata.all(of: commit)
            else { continue }
            signed.append((result, commit, all))
        }
        guard !signed.isEmpty else { return }
        let isLocal = if case .local = address { true } else { false }
        let found = try ifReadable(isLocal ? address : nil, told: info) {
            try $0.detachedMetadata(of: signed.map(\.commit))
        }
        let comparison = MetadataComparison(
            repository: repository,
            remote: found?.mapValues { Set($0.items.map(\.digest)) } ?? [:])
        for (result, commit, all) in signed {
            if let addition = try comparison.addition(to: commit) {
                report.laterMetadata[result.ref] = .lacking(addition)
            } else if comparison.remote?[commit] == nil, result.outcome == .unchanged {
                report.laterMetadata[result.ref] = .untold(all)
            }
        }
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
        return try ifReadable(nil, told: info) { try $0.resolve(refs) }
    }

    /// Reads at an address, or else where the remote's cache is pulled from; nil if that is not known, or cannot be read.
    private func ifReadable<T>(
        _ address: RemoteAddress?, told info: Info, _ read: (RemoteRepository) throws -> T
    ) throws -> T? {
        var web = options.web
        web.attempts = 1
        web.timeout = min(web.timeout, PushExchange.webTimeout)
        web.timeLimit = PushExchange.webTimeout
        web.cancellation = options.cancellation
        do {
            let place = try address ?? Pusher.pullAddress(told: info.pullURL, by: remote)
            return try read(RemoteRepository(place, options: web))
        } catch let error as ClientError where error.code == .cancelled {
            throw error
        } catch {
            // The push can do without.
            return nil
        }
    }

    /// Counts the objects that a dry run does not send.
    private mutating func count(
        _ plan: PushPlan, by walk: inout ObjectWalk, for info: Info, _ metadata: MetadataComparison
    ) throws {
        // Without a dry run, the receiver itself refuses.
        if info.isReadOnly, !plan.edits.isEmpty { throw ClientError.readOnly(remote) }
        for commit in plan.commits { try walk.visit(commit) { _ in report.objects += 1 } }
        if options.historyFilling != .never {
            for gap in report.historyGaps {
                guard let next = try repository.commit(gap.end).parent else { continue }
                for commit in try repository.history(from: next, backTo: nil).commits {
                    try walk.visit(commit) { _ in report.objects += 1 }
                }
            }
        }
        let there = plan.results.filter { $0.outcome == .unchanged }.compactMap(\.new)
        report.objects += try Set(there).count { try metadata.mustSend($0) }
    }

    /// Sends the objects that the receiver requests, until it has published everything.
    ///
    /// - Parameter pushed: the commits that refs are to point to.
    /// - Returns: the results for the refs, and the commits that were sent.
    private func sendWanted(
        _ pushed: PushedCommits, told info: Info, _ prepared: PreparedObjects?
    ) throws -> (results: [RefEditResult], sent: Set<Checksum>) {
        let commits = pushed.moved.filter { info.metadata[$0] == nil }
        var answerer: ObjectAnswerer<WantingReceiver>
        let takesAhead = connection.session.capabilities.contains(.ahead)
        if takesAhead, let prepared, prepared.commits == commits, commits.count == pushed.all.count,
            try prepared.fits(info, replacing: pushed.bases.values, from: repository)
        {
            answerer = prepared.answerer
        } else {
            answerer = try self.answerer(
                offering: pushed.all,
                ahead: ObjectsAhead(repository, bases: pushed.bases, similar: info.similar))
            if takesAhead {
                // The receiver checks the update while objects are chosen and deflated.
                try connection.flush()
                try answerer.prepareAhead(of: commits)
            }
        }
        if takesAhead {
            try answerer.sendAhead()
            try connection.say { try $0.endAhead() }
        }
        _ = try connection.answer()
        func answer(_ first: [WantedObject]) throws {
            try answerer.answer(first)
            try connection.say { try $0.end() }
        }
        try answer([])
        var results: [RefEditResult] = []
        while true {
            switch try connection.answer() {
            case .want(let wanted): try answer(wanted)
            case .results(let more): results = results.isEmpty ? more : results + more
            case .progress(let activity): options.showActivity(activity)
            case .done: return (results, answerer.sentCommits)
            case .info, .status: break
            }
        }
    }

    private func answerer(
        offering commits: [Checksum], ahead: ObjectsAhead
    ) throws -> ObjectAnswerer<WantingReceiver> {
        let offered = OfferedObjects(repository)
        for commit in commits { offered.add(commit) }
        return ObjectAnswerer(
            WantingReceiver(connection: connection, showActivity: options.showActivity),
            encoder: try ParallelEncoder(repository, compression: options.compression), offered: offered,
            ahead: ahead, showSent: progress.sent)
    }

    /// Prepares what is likely to be sent ahead, while the receiver is being started: that takes as long as ssh needs to log in.
    ///
    /// - Returns: nil if there is nothing to prepare.
    private func prepare(_ refs: ArraySlice<Ref>, _ similar: [Checksum]) throws -> PreparedObjects? {
        guard options.capabilities.contains(.ahead), !options.isDryRun, refs.count <= SimilarCommits.limit
        else { return nil }
        var seen: Set<Checksum> = []
        let commits = refs.map(\.commit).filter { seen.insert($0).inserted }
        guard try commits.allSatisfy(repository.hasWhole) else { return nil }
        var answerer = try answerer(
            offering: commits, ahead: ObjectsAhead(repository, similar: similar))
        try answerer.prepareAhead(of: commits)
        return PreparedObjects(commits: commits, answerer: answerer)
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

extension Info {
    /// Adds a second message of the receiver, about other refs.
    fileprivate mutating func add(_ second: Info) {
        refs.merge(second.refs) { first, _ in first }
        metadata.merge(second.metadata) { first, _ in first }
        historyEnds.merge(second.historyEnds) { first, _ in first }
        similar += second.similar
    }
}
