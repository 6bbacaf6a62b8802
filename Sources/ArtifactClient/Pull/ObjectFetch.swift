// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The objects that commits lack, and those that arrive in a quarantine.
public final class ObjectFetch {
    private let quarantine: any Quarantine
    private var policies: ReceivePolicies
    /// The remote's name for messages.
    let remote: String
    private let showProgress: (TransferProgress) -> Void
    private let showCommit: (Checksum) throws -> Void
    private let missing: MissingObjects
    private let depth: HistoryDepth
    private var tips: Set<Checksum> = []
    /// The number of commits that were fetched as ancestors of others.
    private(set) var ancestors = 0
    /// Files that arrived with wrong content once.
    private var requeued: Set<ObjectName> = []
    /// The mirrors of files that have no verdict yet, where there are several.
    private var sources: [ObjectName: Int] = [:]
    private(set) var progress = TransferProgress()
    /// True to request many objects at once, as long as that works.
    var usesBatches = false
    /// The number of batches under way.
    private var batches = 0
    /// Requested objects that no batch brings.
    private var singles: ArraySlice<ObjectName> = []
    /// The commit that was added first.
    private var firstCommit: Checksum?
    /// Finds commits that are here and that the fetched ones may resemble.
    var findSimilar: () throws -> [Checksum] = { [] }
    /// The commits that it found.
    private var similar: [Checksum]?

    /// A request that goes with the first ones.
    var companion: (any WebRequest)?

    private static let batchLimit = 4

    /// The most objects that are requested before directories are.
    private static let firstRequestLimit = 100

    /// Prepares to fetch.
    ///
    /// - Parameters:
    ///   - depth: the number of ancestors to fetch, as far as the remote has them.
    ///   - showCommit: receives each commit that has arrived, before its tree is requested. It throws to end the pull.
    init(
        into quarantine: any Quarantine, depth: HistoryDepth, policies: ReceivePolicies, from remote: String,
        showProgress: @escaping (TransferProgress) -> Void, showCommit: @escaping (Checksum) throws -> Void
    ) {
        (self.quarantine, self.depth) = (quarantine, depth)
        self.policies = policies
        self.remote = remote
        self.showProgress = showProgress
        self.showCommit = showCommit
        missing = MissingObjects(
            in: quarantine, ancestors: .depth(depth), allowsEarlyStorage: !policies.decidesAtPublication)
        missing.findSimilar = { [unowned self] in try similarCommits() }
    }

    /// The places where history ends, because the remote lacks a parent.
    var historyEnds: [HistoryEnd] { missing.historyEnds }

    /// Adds a commit.
    func add(_ commit: Checksum) throws {
        tips.insert(commit)
        firstCommit = firstCommit ?? commit
        try missing.add(commit)
    }

    /// Fetches everything that is missing, and waits until it is verified.
    ///
    /// - Throws: `ClientError` with `missing` where the remote lacks a part of it.
    func run(on client: WebClient) throws {
        if companion != nil {
            // No tree is requested before it is known that there is a repository.
            var requests = try firstRequests()[...]
            try client.run { requests.popFirst() }
        }
        repeat {
            try client.run {
                try handleVerdicts(waiting: false, client)
                if usesBatches { return try nextBatch() }
                return try missing.next().map { ObjectRequest($0, for: self) }
            }
        } while try takeVerdicts(waiting: true, client)
    }

    /// The next request to a server that gives many objects at once.
    private func nextBatch() throws -> (any WebRequest)? {
        if let name = singles.popFirst() { return ObjectRequest(name, for: self) }
        guard batches < ObjectFetch.batchLimit else { return nil }
        var names: [ObjectName] = []
        while names.count < ObjectBatch.limit, let name = try missing.next() {
            // A large file that was interrupted is continued.
            if fragmentSize(of: name) > 0 { singles.append(name) } else { names.append(name) }
        }
        guard !names.isEmpty else { return singles.popFirst().map { ObjectRequest($0, for: self) } }
        return try batch(of: names)
    }

    private func batch(of names: [ObjectName]) throws -> ObjectBatch {
        batches += 1
        return try ObjectBatch(names, for: self, commit: firstCommit, similar: similarCommits())
    }

    private func similarCommits() throws -> [Checksum] {
        let commits = try similar ?? findSimilar()
        similar = commits
        return commits
    }

    /// Fetches the commits of the first refs with one request, and what the server sends with them.
    ///
    /// - Returns: false if the server knows that it has no static deltas to them.
    func runFirstBatch(on client: WebClient) throws -> Bool {
        let names = try firstNames()
        guard !names.isEmpty else { return true }
        let batch = try batch(of: names)
        try client.run(few: [batch])
        return batch.mayHaveDeltas
    }

    /// Notes the end of a batch, and what did not come with it.
    func endBatch(lacking names: [ObjectName], isUsable: Bool) {
        batches -= 1
        singles += names
        if !isUsable { usesBatches = false }
        guard !usesBatches else { return }
        for name in singles { missing.requeue(name) }
        singles = []
    }

    /// Returns requests for the commits and their detached metadata, without their trees, of the first refs.
    func firstRequests() throws -> [any WebRequest] {
        defer { companion = nil }
        return try [companion].compactMap { $0 } + firstNames().map { ObjectRequest($0, for: self) }
    }

    private func firstNames() throws -> [ObjectName] {
        var names: [ObjectName] = []
        for _ in 0..<min(missing.count, ObjectFetch.firstRequestLimit) {
            guard let name = try missing.next() else { break }
            names.append(name)
        }
        return names
    }

    /// Publishes what was fetched, also the commits that get no ref.
    func publish(
        _ edits: [RefEdit], _ commits: [Checksum], rewriting rewriter: CommitRewriter, merging: MetadataMerge,
        in store: any ArtifactStore
    ) throws -> [RefEditResult] {
        for commit in commits { policies.note(commit) }
        try policies.willPublish(edits, from: quarantine)
        // A pull follows its remote, wherever the refs here are.
        let final = try rewriter.finalEdits(edits, moves: .any, in: quarantine, of: store)
        let results = try quarantine.publish(
            final, moves: .any, merging: merging,
            scope: PublicationScope(commits: commits, goesBehindStored: depth != .commitOnly))
        policies.didPublish(results)
        return results
    }

    func showEnd() {
        progress.fraction = 1
        showProgress(progress)
    }

    /// The next object to request; nil if none is known to be missing at the moment.
    func next() throws -> ObjectName? { try missing.next() }

    /// Reads the verdicts on files, and checks at the end that everything has arrived.
    ///
    /// - Parameter client: the client for the mirrors that the files came from, if any.
    /// - Returns: true if a file has to be fetched again.
    func takeVerdicts(waiting: Bool, _ client: WebClient? = nil) throws -> Bool {
        if try handleVerdicts(waiting: waiting, client) || !waiting { return true }
        guard missing.isEmpty else {
            throw ClientError(
                .missing, "the pull from \(remote) ended before everything was fetched: pull again")
        }
        return false
    }

    // MARK: Results of requests

    /// Returns the number of bytes that an interrupted pull has left of an object.
    func fragmentSize(of name: ObjectName) -> UInt64 { quarantine.fragmentSize(of: name) }

    /// Returns the end of these bytes; nil if there are none, or the size of the whole is not known.
    func resumePoint(of name: ObjectName) -> ResumePoint? { quarantine.resumePoint(of: name) }

    /// Makes room for an object; nil if the store has it already.
    func receive(
        _ name: ObjectName, size: UInt64? = nil, from offset: UInt64 = 0
    ) throws -> (any IncomingObject)? {
        guard let object = try quarantine.receive(name, size: size, from: offset) else { return nil }
        try policies.admit(name, size: nil)
        return object
    }

    /// Asks the policies for each piece, since a web server need not tell the size, or not the right one.
    func admitBytes(_ count: Int, of name: ObjectName, total: UInt64) throws {
        try policies.admitBytes(UInt64(count), of: name, total: total)
    }

    /// Makes room for an object of a static delta; nil if the store has it already.
    func receiveUnrequested(_ name: ObjectName) throws -> (any IncomingObject)? {
        guard let object = try receive(name) else { return nil }
        missing.comesUnrequested(name)
        progress.objects += 1
        return object
    }

    /// Makes room for an object that comes before it is requested; nil if the store has it already.
    func receiveAhead(_ name: ObjectName) throws -> (any IncomingObject)? {
        guard try !quarantine.holds(name), let object = try receive(name) else { return nil }
        if name.type == .file { missing.comesAhead(name) }
        return object
    }

    /// Notes the end of an object that came before it was requested.
    ///
    /// - Parameter isUnderWay: true for a file on which the verdict comes later.
    func handleArrivalAhead(of name: ObjectName, size: UInt64, isUnderWay: Bool) throws {
        if !isUnderWay, try missing.awaits(name) || quarantine.holds(name) { try missing.arrivedAhead(name) }
        progress.objects += 1
        progress.bytes += size
        showProgress(progress)
    }

    /// Returns true if an object was received.
    func holds(_ name: ObjectName) throws -> Bool { try quarantine.holds(name) }

    /// Has an object requested once more.
    func requeue(_ name: ObjectName) { missing.requeue(name) }

    /// Returns true if an object was requested and did not arrive yet.
    func awaits(_ name: ObjectName) -> Bool { missing.awaits(name) }

    /// Counts a part of a static delta, which takes so much of the whole.
    func handleDeltaPart(_ size: UInt64, fraction: Double) {
        progress.bytes += size
        // The rest is for what is fetched object by object.
        progress.fraction = max(progress.fraction ?? 0, fraction * 0.9)
        showProgress(progress)
    }

    func handleArrival(of name: ObjectName, size: UInt64, isVerified: Bool) throws {
        if isVerified { try missing.arrived(name) }
        // A second copy is not counted as another object.
        if !requeued.contains(name) { progress.objects += 1 }
        progress.bytes += size
        // The number of missing objects grows as directories arrive, so the fraction is kept from falling.
        let known = Double(progress.objects) / Double(progress.objects + missing.count)
        progress.fraction = max(progress.fraction ?? 0, known)
        showProgress(progress)
        guard name.type == .commit else { return }
        if !tips.contains(name.checksum) { ancestors += 1 }
        try showCommit(name.checksum)
    }

    /// Returns true if the remote need not have an object.
    func isOptional(_ name: ObjectName) -> Bool {
        name.type == .commitmeta || name.type == .commit && missing.isDispensable(name.checksum)
    }

    func handleAbsence(of name: ObjectName) throws {
        guard !missing.markUnavailable(name) else { return }
        throw ClientError.lacks(name, at: remote)
    }

    func noteSource(of file: ObjectName, _ mirror: Int) { sources[file] = mirror }

    /// Requeues files that turned out to be wrong, each once, and once more for each mirror that is left for it.
    ///
    /// - Returns: true if there is a file to fetch again.
    @discardableResult
    private func handleVerdicts(waiting: Bool, _ client: WebClient?) throws -> Bool {
        var isMissing = false
        for verdict in quarantine.takeVerdicts(waiting: waiting) {
            let source = sources.removeValue(forKey: verdict.name)
            guard let failure = verdict.failure else {
                try missing.arrived(verdict.name)
                continue
            }
            guard let error = failure as? RepositoryError, error.code == .badObject else { throw failure }
            let isLeft = source.flatMap { client?.leaveWrong($0, path: verdict.name.webPath) } ?? false
            guard requeued.insert(verdict.name).inserted || isLeft else {
                throw ClientError.wrongBytes(error, from: remote)
            }
            missing.requeue(verdict.name)
            isMissing = true
        }
        return isMissing
    }
}
