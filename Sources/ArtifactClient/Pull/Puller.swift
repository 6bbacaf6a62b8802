// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import TextCoding

/// Pulls commits from a remote repository.
///
/// ```
/// let remote = try RemoteRepository(RemoteAddress(parsing: "https://example.com/artifacts"))
/// let report = try Puller(from: remote, into: repository).pull([ref])
/// ```
public final class Puller {
    private let store: any ArtifactStore
    private let policies: ReceivePolicies
    private let source: any PullSource
    /// Receives the progress after each object and at the end.
    public var showProgress: (TransferProgress) -> Void = { _ in }

    /// Refuses a ref whose commit at the remote is older than the one here.
    public var refusesOlder = false

    /// The number of ancestors to fetch of each commit, also where the commit is here already. The remote need not have
    /// them.
    public var depth = HistoryDepth.commitOnly

    /// Gives commits their final form before they are published.
    public var rewriter = CommitRewriter()

    /// The rule for detached metadata of commits that are here already.
    public var merging = MetadataMerge.followsReceived

    /// The use of static deltas.
    public var deltas = DeltaChoice.auto
    /// Receives warnings for people, such as one about a static delta that is broken.
    public var showWarning: (String) -> Void = { _ in }

    /// Prepares to pull.
    ///
    /// - Parameters:
    ///   - source: the remote.
    ///   - store: the destination, for example `Repository.withRefs(in:)` for refs of a remote.
    ///   - policies: the rules for received objects.
    public init(
        from source: any PullSource, into store: any ArtifactStore, policies: [any ReceivePolicy] = []
    ) {
        self.store = store
        self.policies = ReceivePolicies(policies)
        self.source = source
    }

    /// Fetches refs, under the same names, and everything that they need into the repository. Commits are fetched without
    /// a ref that points to them.
    ///
    /// Nothing of it is visible before everything is there. What was fetched before an interruption is not fetched
    /// again.
    ///
    /// - Throws: `ClientError` with `unknownRef` where the remote lacks one of the refs, with `older` where one is
    ///   refused for that, and for everything that goes wrong with the remote; `RepositoryError` for objects that are
    ///   not what their names say.
    public func pull(_ refs: [RefName], commits: [Checksum] = []) throws -> PullReport {
        let entries = try entries(refs)
        let quarantine = try store.makeQuarantine(
            .resumable(.pull, for: entries.map { ($0.ref, $0.commit) }, and: commits))
        do {
            let report = try pull(entries, commits, through: quarantine)
            quarantine.discard()
            return report
        } catch {
            // Objects that this repository refuses now, it will refuse the next time.
            if error is RepositoryError || (error as? ClientError)?.code == .older {
                quarantine.discard()
            } else {
                quarantine.leave()
            }
            throw error
        }
    }

    /// Returns the report that a pull would give, without changing anything. Only commits that would move a ref are
    /// fetched.
    ///
    /// - Throws: the errors of ``pull(_:commits:)`` for a ref that the remote lacks and for a remote that does not respond.
    public func plan(_ refs: [RefName], commits: [Checksum] = []) throws -> PullReport {
        var report = PullReport(in: place)
        let entries = try entries(refs)
        let lacking = try entries.filter {
            try $0.isChanged && $0.previous != nil && !store.contains(ObjectName($0.commit, .commit))
        }
        let fetched = try source.commits(lacking.map(\.commit) + commits)
        report.entries = try entries.map {
            try judged($0) { try fetched[$0] ?? Commit($0, in: store.metadata) }
        }
        report.commits = try plainCommits(commits)
        var ends: Set<HistoryEnd> = []
        for commit in entries.map(\.commit) + commits where try store.contains(ObjectName(commit, .commit)) {
            guard let end = try store.historyEnd(of: commit, within: depth),
                ends.insert(end).inserted
            else { continue }
            report.historyEnds.append(end)
        }
        return report
    }

    /// The place of the refs.
    private var place: RefPlace { (store as? Repository)?.refPlace ?? .heads }

    private func plainCommits(_ commits: [Checksum]) throws -> [PullReport.PlainCommit] {
        try commits.map { commit in
            let wasHere = try store.contains(ObjectName(commit, .commit)) && !store.isPartial(commit)
            return PullReport.PlainCommit(commit: commit, wasHere: wasHere)
        }
    }

    /// Adds the times of its commits to an entry, as far as they are known by now.
    ///
    /// - Throws: `ClientError` with `older` where the ref must not move to an older commit.
    private func judged(
        _ entry: PullReport.Entry, _ read: (Checksum) throws -> Commit?
    ) throws -> PullReport.Entry {
        guard let previous = entry.previous, entry.isChanged, let now = try read(entry.commit),
            let before = try Commit(previous, in: store.metadata)
        else { return entry }
        var entry = entry
        entry.times = PullReport.Times(now: now.timestamp, before: before.timestamp)
        guard refusesOlder, entry.isOlder else { return entry }
        throw ClientError(
            .older,
            "\(entry.ref) is not moved to an older commit: \(source.remote) has \(entry.commit) of "
                + "\(CalendarTime.text(now.timestamp)), and \(previous) of \(CalendarTime.text(before.timestamp)) is here, so pull "
                + "from where a newer one is, or without --no-older")
    }

    /// - Throws: `ClientError` with `unknownRef` where the remote lacks one of the refs.
    private func entries(_ refs: [RefName]) throws -> [PullReport.Entry] {
        let commits = try source.resolve(refs)
        return try refs.map { ref in
            guard let commit = commits[ref] else {
                throw ClientError(
                    .unknownRef,
                    "\(source.remote) has no ref \(ref): list what it has with 'bst-artifact list'")
            }
            return PullReport.Entry(ref: ref, commit: commit, previous: try store.commit(of: ref))
        }
    }

    /// The parts of the received detached metadata that a commit does not have here; nil for a new commit.
    private func addition(to commit: Checksum, in quarantine: any Quarantine) throws -> MetadataAddition? {
        let name = ObjectName(commit, .commitmeta)
        guard try store.contains(ObjectName(commit, .commit)), try quarantine.holds(name) else { return nil }
        let present = (try? store.detachedMetadata(of: commit).items) ?? []
        return MetadataAddition(
            try DetachedMetadata(quarantine.metadata(name), of: commit), besides: Set(present.map(\.digest)))
    }

    /// The commits here that new ones may resemble: those that their refs have, or refs beside them.
    private func similarCommits(to entries: [PullReport.Entry]) throws -> [Checksum] {
        let lacking = entries.filter { $0.previous == nil }.map(\.ref)
        return entries.filter(\.isChanged).compactMap(\.previous)
            + (try (store as? Repository)?.commits(beside: lacking) ?? [])
    }

    private func pull(
        _ entries: [PullReport.Entry], _ commits: [Checksum], through quarantine: any Quarantine
    ) throws -> PullReport {
        var report = PullReport(in: place)
        report.commits = try plainCommits(commits)
        func judge(_ entry: PullReport.Entry) throws -> PullReport.Entry {
            try judged(entry) { try Commit($0, in: quarantine.metadata) }
        }
        let fetch = ObjectFetch(
            into: quarantine, depth: depth, policies: policies, from: source.remote,
            showProgress: showProgress,
            showCommit: { commit in
                for entry in entries where entry.commit == commit { _ = try judge(entry) }
            })
        for entry in entries {
            _ = try judge(entry)
            try fetch.add(entry.commit)
        }
        fetch.findSimilar = { [self] in try similarCommits(to: entries) }
        for commit in commits { try fetch.add(commit) }
        let deltas = (deltas == .never ? nil : store as? Repository).map { repository in
            DeltaUse(
                choice: self.deltas,
                entries: entries.map { ($0.commit, $0.previous) } + commits.map { ($0, nil) },
                quarantine: quarantine, repository: repository, warn: showWarning)
        }
        try source.fetch(fetch, with: deltas)
        report.entries = try entries.map(judge)
        for index in report.entries.indices {
            report.entries[index].addition = try addition(to: report.entries[index].commit, in: quarantine)
        }
        report.results = try fetch.publish(
            report.entries.map { RefEdit($0.ref, from: .any, to: $0.commit) }, commits, rewriting: rewriter,
            merging: merging,
            in: store)
        fetch.showEnd()
        (report.ancestors, report.historyEnds) = (fetch.ancestors, fetch.historyEnds)
        report.objects = fetch.progress.objects
        report.bytes = fetch.progress.bytes
        return report
    }
}

extension Commit {
    /// Reads a commit with a function that returns the bytes of metadata objects; nil where it returns none.
    fileprivate init?(_ commit: Checksum, in read: (ObjectName) throws -> [UInt8]?) throws {
        let name = ObjectName(commit, .commit)
        guard let bytes = try read(name) else { return nil }
        self = try bytes.withUnsafeBytes { try Commit($0, name) }
    }
}
