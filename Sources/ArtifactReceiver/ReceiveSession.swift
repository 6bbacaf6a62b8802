// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import Logging
import SystemCalls

/// One push in progress.
struct ReceiveSession {
    let store: any ArtifactStore
    var policies: ReceivePolicies
    var options: Receiver.Options
    let logger: Logger
    let output: Descriptor
    var machine: ReceiveStateMachine
    var edits: [RefEdit] = []
    /// The reason given to the client for refusing its update.
    private(set) var refusal: RepositoryError?
    var quarantine: (any Quarantine)?
    var incoming: (any IncomingObject)?
    var current: ObjectName?
    /// The objects that the store lacks; nil without `Capability.want`.
    var missing: MissingObjects?
    /// Indicates that the client has not yet sent what it sends before it is asked, so that nothing is requested.
    var awaitsAhead = false
    /// Indicates that something arrived since objects were requested, which may name others.
    var knowsMore = false
    /// Files that came before they were requested.
    var filesAhead: Set<ObjectName> = []
    /// Files that began with what an interrupted push has left, and have no verdict yet.
    var continued: Set<ObjectName> = []
    /// Indicates that the object under way was not requested.
    var isAhead = false
    /// The number of times that objects were requested again, after present ones had been removed meanwhile.
    private var repetitions = 0
    /// Indicates that ancestors are requested behind commits that are here, as the client wants it.
    var fillsHistory = false
    /// The commits that arrived as ancestors then.
    var filledIn: [Checksum] = []
    /// The commits whose history was found to be complete, which is noted with the next publication.
    private var wholeHistories: [Checksum] = []
    /// The commits that a client which pulls was told, and those that it has.
    var told: [RefName: (commit: Checksum, theirs: Checksum?)] = [:]
    /// Chooses what a client that pulls gets ahead, if that was begun before it has asked.
    var ahead: ObjectsAhead?
    /// Commits of both sides that those of the refs may resemble.
    var similar: [Checksum] = []
    private var objects = (received: 0, skipped: 0, bytes: UInt64(0))

    init(
        store: any ArtifactStore, policies: ReceivePolicies, options: Receiver.Options, logger: Logger,
        output: Descriptor
    ) {
        self.store = store
        self.policies = policies
        self.options = options
        self.logger = logger
        self.output = output
        machine = ReceiveStateMachine(version: options.version)
    }

    /// Serves the push. Objects from an interrupted client are left for its next attempt.
    mutating func run(input: Descriptor) throws {
        do {
            try handleInput(input)
            quarantine?.discard()
        } catch {
            // A bad object whose verdict has not been read yet takes precedence: it may be the cause.
            let failure = quarantine?.takeVerdicts(waiting: true).first { verdict in
                verdict.failure != nil && !continued.contains(verdict.name)
            }
            let error = failure?.failure ?? error
            if ReceiveSession.isInterruption(error) { quarantine?.leave() } else { quarantine?.discard() }
            throw error
        }
    }

    private static func isInterruption(_ error: any Error) -> Bool {
        if let error = error as? ProtocolError { return error.code == .truncated }
        guard let error = error as? SystemError else { return false }
        return error.isConnectionLoss || error.code == ECANCELED
    }

    func inactivity(_ verb: String) -> ProtocolError {
        let seconds = options.timeout?.components.seconds ?? 0
        return ProtocolError(
            .truncated, "the client \(verb) for \(seconds) seconds, so the push is given up: push again")
    }

    private mutating func handleInput(_ input: Descriptor) throws {
        let buffer = StreamBuffer()
        if options.version == .zero {
            let introduction = ReceiverIntroduction(store: store, options: options)
            try send(machine.reply(info: introduction.greeting(logger)))
        }
        while true {
            while let event = try machine.next(from: buffer) {
                if case .requested(let wanted) = event { return try give(wanted, input, buffer) }
                if try handle(event) { return }
            }
            if try requestNewlyMissing() { continue }
            guard try input.waitForInput(timeout: options.timeout, cancellation: options.cancellation) else {
                throw inactivity("says nothing")
            }
            let count = try buffer.fill { space throws(SystemError) in try input.read(into: space) }
            if count == 0 {
                return try machine.inputEnded(in: buffer)
            }
        }
    }

    /// Sends the client the reason why its push failed.
    mutating func tell(_ error: any Error) {
        if options.cancellation?.isRequested == true {
            // A cancelled receiver sends the reason only if it can do so without waiting.
            options.cancellation = nil
            options.timeout = .zero
        }
        try? send(machine.refusal("\(error)", isFinal: (error as? RepositoryError)?.isFinal == true))
    }

    func send(_ bytes: [UInt8]) throws {
        // A pipe with any space takes a whole page, so that no write blocks.
        let page = 4096
        for start in stride(from: 0, to: bytes.count, by: page) {
            guard try output.waitForSpace(timeout: options.timeout, cancellation: options.cancellation) else {
                throw inactivity("does not read its answers")
            }
            try output.writeAll(Array(bytes[start...].prefix(page)))
        }
    }

    /// Handles an event; returns true if the session is over.
    private mutating func handle(_ event: ReceiveStateMachine.Event) throws -> Bool {
        switch event {
        case .info(let info):
            logger.debug(
                "client introduced itself", metadata: ["mode": "\(info.mode)", "refs": "\(info.refs.count)"])
            options.introduced(info)
            try send(machine.reply(info: answer(to: info)))
            anticipateRequests(of: info)
        case .update(let updates):
            try handleUpdate(updates)
        case .objectBegins(.object(let name), let size):
            logger.debug("object \(name)", metadata: ["bytes": "\(size)"])
            try begin(name, size)
        case .objectContinues(let name, let point):
            logger.debug(
                "object \(name), continued",
                metadata: ["bytes": "\(point.remaining)", "present": "\(point.offset)"])
            continued.insert(name)
            try begin(name, point.size, from: point.offset)
        case .objectBegins(.obsolete(let name), let size):
            logger.debug("skipping \(name)", metadata: ["bytes": "\(size)"])
            guard size <= Commit.maximumMetadataSize else {
                throw ProtocolError(
                    .badObjectStream,
                    "the peer sends \(name) with \(size) bytes, and such objects have at most "
                        + "\(Commit.maximumMetadataSize)")
            }
        case .objectBytes(let bytes):
            objects.bytes += UInt64(bytes.count)
            try write(bytes)
        case .objectEnds:
            try incoming?.finish()
            try objectEnded()
            // Only version 0 acknowledges each object; the answer is empty otherwise.
            let answer = try machine.acknowledgeObject()
            if !answer.isEmpty { try quarantine?.settle() }
            try send(answer)
        case .aheadBegins(let name, let size):
            logger.debug("object \(name), not requested", metadata: ["bytes": "\(size)"])
            isAhead = true
            try begin(name, size, unlessHeld: true)
            if incoming != nil, name.type == .file {
                filesAhead.insert(name)
                missing?.comesAhead(name)
            }
        case .aheadEnds:
            awaitsAhead = false
            if let missing { try beginRequesting(in: missing) }
        case .objectSentAhead(let name):
            try checkSentAhead(name)
            knowsMore = true
        case .objectAbsent(let name):
            try markUnavailable(name)
        case .delete(let deletions):
            return try delete(deletions)
        case .list(let query): try list(query)
        case .requested: break
        case .publish:
            return try publish()
        case .leave:
            if let refusal { throw refusal }
            logger.info("client left without asking for a change")
            return true
        }
        return false
    }

    /// The answer to the client's introduction.
    private mutating func answer(to info: Info) throws -> Info {
        var introduction = ReceiverIntroduction(
            store: store, options: options, capabilities: machine.capabilities, fillsHistory: fillsHistory)
        let answer = try introduction.answer(to: info)
        fillsHistory = introduction.fillsHistory
        wholeHistories += introduction.wholeHistories
        similar += answer.similar
        // A client may announce that it pulls after it was told refs for a push.
        for (ref, commit) in answer.refs where options.readable?.allows(ref) != false {
            // By what is left out for a commit that the client has, it would learn of that commit's tree.
            told[ref] = (commit, info.refs[ref].flatMap { introduction.knownCommits.contains($0) ? $0 : nil })
        }
        // A client that finds its artifact here does not push it and relies on it, so it counts as used.
        recordAccess(of: answer.refs.filter { info.refs[$0.key] == $0.value }.map(\.key))
        return answer
    }

    /// Records accesses, which decide the order of expiry. A failure does not fail the push.
    func recordAccess(of refs: [RefName]) {
        if !options.isReadOnly { try? store.recordAccess(of: refs) }
    }

    private mutating func handleUpdate(_ updates: [RefEdit]) throws {
        edits = try updates.map { edit in
            RefEdit(edit.ref, from: try previousValue(of: edit), to: edit.new)
        }
        do {
            guard store.mode == .archive else {
                throw RepositoryError(
                    .unsuitableMode,
                    "the cache at \(store.location) is of mode \(store.mode), and only one of mode archive takes pushes"
                )
            }
            try policies.authorize(edits)
            try store.check(edits, moves: options.moves)
            // The refs of this push must not expire to make room for it. In a bucket nothing does.
            if store is Repository { recordAccess(of: edits.map(\.ref)) }
            try send(machine.reply(status: Status(accepted: true)))
            guard machine.capabilities.contains(.want) else { return }
            awaitsAhead = machine.capabilities.contains(.ahead)
            let missing = try missingObjects(trustingMarks: true)
            if awaitsAhead { self.missing = missing } else { try beginRequesting(in: missing) }
        } catch let error as RepositoryError {
            refusal = error
            try send(machine.reply(status: Status(accepted: false, message: error.description)))
        }
    }

    private mutating func delete(_ edits: [RefEdit]) throws -> Bool {
        try policies.authorize(edits)
        try policies.willPublish(edits, from: nil)
        let results = try reportingPartialEdits(edits) { try store.delete(edits) }
        for result in results {
            logger.notice("\(result.ref) deleted", metadata: ["old": "\(result.old?.hex ?? "none")"])
        }
        options.record(PushRecord(refs: results, objects: 0, bytes: 0))
        try send(machine.finish())
        return true
    }

    /// Edits refs and reports the edits to the policies, even if only some succeeded.
    private func reportingPartialEdits(
        _ edits: [RefEdit], _ body: () throws -> [RefEditResult]
    ) throws -> [RefEditResult] {
        let before = try edits.map { try store.commit(of: $0.ref) }
        do {
            let results = try body()
            policies.didPublish(results)
            return results
        } catch {
            let edited = zip(edits, before).compactMap { edit, old -> RefEditResult? in
                guard old != edit.new, let now = try? store.commit(of: edit.ref), now == edit.new else {
                    return nil
                }
                return RefEditResult(edit.ref, .moved, from: old, to: now)
            }
            policies.didPublish(edited)
            throw error
        }
    }

    /// The condition on a ref's previous value. A client that sends zeros may mean that the ref must not exist, or that
    /// it does not know.
    private func previousValue(of edit: RefEdit) throws -> RefEdit.PreviousValue {
        guard edit.previous == .mustNotExist, options.version == .one else { return edit.previous }
        // The client was not told of an incomplete commit, which any complete one may replace.
        if try store.commit(of: edit.ref) != nil, try store.wholeCommit(of: edit.ref) == nil { return .any }
        // The first clients of version 1 send zeros for every ref.
        if machine.capabilities.isEmpty { return .unstated }
        return options.moves == .artifacts ? .mustNotExistOrKeep : .mustNotExist
    }

    /// - Parameters:
    ///   - offset: the number of bytes that an interrupted push has left, which do not come again.
    ///   - unlessHeld: true to skip an object that was received before.
    private mutating func begin(
        _ name: ObjectName, _ size: UInt64, from offset: UInt64 = 0, unlessHeld: Bool = false
    ) throws {
        // Ends the push as soon as a bad object is known.
        try processVerdicts(waiting: false)
        current = name
        let isHeld = try unlessHeld && ownQuarantine().holds(name)
        incoming = isHeld ? nil : try ownQuarantine().receive(name, size: size, from: offset)
        if incoming == nil {
            objects.skipped += 1
        } else {
            try policies.admit(name, size: size)
            objects.received += 1
        }
    }

    mutating func ownQuarantine() throws -> any Quarantine {
        if let quarantine { return quarantine }
        if options.isReadOnly { throw ReadOnly(store.location).refusal }
        let made = try store.makeQuarantine(
            .resumable(.push, for: edits.compactMap { edit in edit.new.map { (edit.ref, $0) } }))
        quarantine = made
        return made
    }

    /// Publishes the push.
    ///
    /// - Returns: False if an object that was present has been removed meanwhile, so that objects are requested again.
    private mutating func publish() throws -> Bool {
        let quarantine = try ownQuarantine()
        let results: [RefEditResult]
        do {
            // Only clients with the want capability accept progress messages.
            let keepAlive = try missing.map { _ in try KeepAlive("publishing", to: output) }
            defer { keepAlive?.stop() }
            try quarantine.settle()
            try policies.willPublish(edits, from: quarantine)
            let final = try options.rewriter.finalEdits(
                edits, moves: options.moves, in: quarantine, of: store, signing: filledIn)
            results = try reportingPartialEdits(final) {
                try quarantine.publish(
                    final, moves: options.moves, merging: .keepsStored,
                    scope: PublicationScope(goesBehindStored: fillsHistory))
            }
        } catch let error as RepositoryError
            where error.code == .missingObject && missing != nil
            && repetitions < ReceiveSession.maximumRepetitions
        {
            repetitions += 1
            logger.info("asking again: \(error)")
            try machine.wantMore()
            try beginRequesting(in: missingObjects(trustingMarks: false))
            return false
        }
        for commit in wholeHistories { store.noteWholeHistory(of: commit) }
        log(results)
        // Before the answer, which fails if the client has disconnected.
        let moved = results.filter { $0.outcome == .moved || !filledIn.isEmpty && $0.outcome == .unchanged }
        if !moved.isEmpty {
            options.record(PushRecord(refs: moved, objects: objects.received, bytes: objects.bytes))
        }
        if missing != nil { try send(machine.results(results)) }
        try send(machine.finish())
        return true
    }

    private func log(_ results: [RefEditResult]) {
        for result in results {
            let (old, new) = (result.old?.hex ?? "none", result.new?.hex ?? "none")
            switch result.outcome {
            case .kept:
                logger.warning("\(result.ref) exists already and stays at \(old); \(new) was not put there")
            case .unchanged: logger.notice("\(result.ref) was at \(new) already")
            case .moved, .diverged, .sent:
                logger.notice("\(result.ref) -> \(new)", metadata: ["old": "\(old)"])
            }
        }
        logger.notice(
            "push complete",
            metadata: [
                "received": "\(objects.received)", "present": "\(objects.skipped)",
                "bytes": "\(objects.bytes)",
            ])
    }
}
