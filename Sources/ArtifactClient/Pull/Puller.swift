// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls
import TextCoding

/// Pulls commits from a remote repository.
///
/// ```
/// let remote = try RemoteRepository(RemoteAddress(parsing: "https://example.com/artifacts"))
/// let report = try Puller(from: remote, into: repository).pull([ref])
/// ```
public final class Puller {
    private let store: any ArtifactStore
    private let source: RemoteRepository
    /// Is told after each object, and at the end, how far the pull has come.
    public var showProgress: (TransferProgress) -> Void = { _ in }

    /// Refuses a ref whose commit at the remote is older than the one here.
    public var refusesOlder = false

    /// Prepares to pull.
    public init(from source: RemoteRepository, into store: any ArtifactStore) {
        self.store = store
        self.source = source
    }

    /// Brings refs and everything that they need into the repository, where they are called the same.
    ///
    /// Nothing of it is visible before everything is there. What was fetched before an interruption is not fetched again.
    ///
    /// - Throws: `ClientError` with `unknownRef` where the remote lacks one of the refs, with `older` where one is refused
    ///   for that, and for everything that goes wrong with the remote; `RepositoryError` for objects that are not what their
    ///   names say.
    public func pull(_ refs: [RefName]) throws -> PullReport {
        let commits = try commits(of: refs)
        let quarantine = try store.makeQuarantine(
            .resumable(.pull, for: refs.compactMap { ref in commits[ref].map { (ref, $0) } }))
        do {
            let report = try pull(refs, commits, through: quarantine)
            quarantine.discard()
            return report
        } catch let error as RepositoryError {
            // What this repository does not take, it will not take the next time either.
            quarantine.discard()
            throw error
        } catch let error as ClientError where error.code == .older {
            quarantine.discard()
            throw error
        } catch {
            quarantine.leave()
            throw error
        }
    }

    /// Finds out what a pull of refs would do to them; no object but commits that would move a ref is fetched, and nothing
    /// changes.
    ///
    /// - Throws: as ``pull(_:)`` does where the remote lacks a ref or cannot be asked.
    public func plan(_ refs: [RefName]) throws -> PullReport {
        let commits = try commits(of: refs)
        var report = PullReport()
        let entries = try entries(refs, commits)
        let lacking = try entries.filter {
            try $0.isChanged && $0.previous != nil && !store.contains(ObjectName($0.commit, .commit))
        }
        let fetched = try source.commits(lacking.map(\.commit))
        report.entries = try entries.map { try judged($0) { try fetched[$0] ?? storedCommit($0) } }
        return report
    }

    private func storedCommit(_ commit: Checksum) throws -> Commit? {
        try Puller.commit(commit, in: store.metadata)
    }

    private static func commit(_ commit: Checksum, in read: (ObjectName) throws -> [UInt8]?) throws -> Commit?
    {
        let name = ObjectName(commit, .commit)
        return try read(name)?.withUnsafeBytes { try Commit($0, name) }
    }

    /// An entry with the times of its commits, as far as they are known by now.
    ///
    /// - Throws: `ClientError` with `older` where the ref must not move for that.
    private func judged(
        _ entry: PullReport.Entry, _ read: (Checksum) throws -> Commit?
    ) throws -> PullReport.Entry {
        guard let previous = entry.previous, entry.isChanged, let now = try read(entry.commit),
            let before = try storedCommit(previous)
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

    private func commits(of refs: [RefName]) throws -> [RefName: Checksum] {
        let commits = try source.resolve(refs)
        if let missing = refs.first(where: { commits[$0] == nil }) {
            throw ClientError(
                .unknownRef,
                "\(source.remote) has no ref \(missing): list what it has with 'bst-artifact list'")
        }
        return commits
    }

    private func entries(_ refs: [RefName], _ commits: [RefName: Checksum]) throws -> [PullReport.Entry] {
        // Absence was looked for before.
        try refs.compactMap { ref in
            try commits[ref].map {
                PullReport.Entry(ref: ref, commit: $0, previous: try store.commit(of: ref))
            }
        }
    }

    private func pull(
        _ refs: [RefName], _ commits: [RefName: Checksum], through quarantine: any Quarantine
    ) throws -> PullReport {
        let entries = try entries(refs, commits)
        func judge(_ entry: PullReport.Entry) throws -> PullReport.Entry {
            try judged(entry) { try Puller.commit($0, in: quarantine.metadata) }
        }
        let walk = PullWalk(
            quarantine, remote: source.remote, showProgress: showProgress,
            showCommit: { commit in
                for entry in entries where entry.commit == commit { _ = try judge(entry) }
            })
        for entry in entries {
            _ = try judge(entry)
            try walk.want(entry.commit)
        }
        repeat { try source.web.run(walk.next) } while try walk.settle()
        try walk.finish()
        var report = PullReport()
        report.entries = try entries.map(judge)
        let changes = report.entries.map { RefChange($0.ref, to: $0.commit, expecting: .anything) }
        _ = try quarantine.publish(changes, replaceDetachedMetadata: true)
        walk.showEnd()
        report.objects = walk.progress.objects
        report.bytes = walk.progress.bytes
        return report
    }
}
