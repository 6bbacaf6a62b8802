// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// A cached list of a repository's refs for the page, refreshed on request by the thread in `run`.
///
/// The size of a commit is the sum over all of its objects. It is determined once, since a commit never changes, newest
/// commits first.
public final class Catalogue: Sendable {
    /// A ref and its metadata.
    public struct Entry: Sendable {
        /// The ref.
        public var ref: RefName
        /// The commit that it points to.
        public var commit: Checksum
        /// The commit's time in seconds since 1970; nil if the commit cannot be read.
        public var made: Int?
        /// The time of its last use, in seconds since 1970.
        public var used: Int?
        /// The bytes that a pull into an empty repository fetches; nil until they are counted.
        public var length: UInt64?
        /// The first part of the name, unless it is the whole name.
        var project: Substring
        /// The parts between project and key.
        var element: Substring
        /// The last part of the name.
        var key: Substring

        init(_ ref: RefName, _ commit: Checksum) {
            (self.ref, self.commit) = (ref, commit)
            let text = ref.text[...]
            let last = text.lastIndex(of: "/")
            key = last.map { text[$0...].dropFirst() } ?? text
            let rest = last.map { text[..<$0] } ?? ""
            let first = rest.firstIndex(of: "/")
            project = first.map { rest[..<$0] } ?? rest
            element = first.map { rest[$0...].dropFirst() } ?? ""
        }
    }

    /// The state of the list at one moment.
    public struct Snapshot: Sendable {
        /// The refs, sorted by project and element, then newest first.
        public var entries: [Entry] = []
        /// Projects and their numbers of refs, sorted by name.
        public var projects: [(name: String, count: Int)] = []
        /// The number of all refs, which may be more than `entries` has.
        public var count = 0
    }

    private struct State {
        var snapshot = Snapshot()
        /// The time of the last refresh.
        var time = ContinuousClock.now
        /// The duration of the last refresh.
        var duration = Duration.zero
        var isRequested = false
        var isStopping = false
        var lengths: [Checksum: UInt64] = [:]
        var times: [Checksum: Int] = [:]
    }

    /// Refs that are listed at most.
    static let limit = 100_000
    /// The age from which on a snapshot is refreshed.
    private static let freshness = Duration.seconds(2)
    /// The time that a request waits for a refresh at most.
    private static let timeout = Duration.milliseconds(250)

    private let repository: Repository
    private let state = Monitor(State())

    /// Reads the refs, but no sizes.
    public init(_ repository: Repository) throws {
        self.repository = repository
        try refresh()
    }

    /// Returns the current snapshot. One older than two seconds is refreshed; the caller waits for that only if the last
    /// refresh was quick.
    public func snapshot() -> Snapshot {
        let isOld = state.withLock { $0.time.duration(to: .now) > Catalogue.freshness }
        if isOld {
            let isQuick = state.change { state in
                state.isRequested = true
                return state.duration < Catalogue.timeout
            }
            if isQuick { _ = state.wait(atMost: Catalogue.timeout) { !$0.isRequested } }
        }
        return state.withLock { $0.snapshot }
    }

    /// Refreshes on request and determines sizes, until `stop` is called.
    public func run() {
        // Requests have priority.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
        while true {
            let next: (isStopping: Bool, isRequested: Bool, commits: [Checksum]) = state.wait { state in
                let commits = Catalogue.unmeasured(state)
                guard state.isStopping || state.isRequested || !commits.isEmpty else { return nil }
                return (state.isStopping, state.isRequested, commits)
            }
            if next.isStopping { return }
            // While the repository cannot be read, the old snapshot stays.
            if next.isRequested {
                do { try refresh() } catch {
                    state.change { ($0.isRequested, $0.time) = (false, .now) }
                }
            }
            measure(next.commits)
        }
    }

    /// Makes `run` return.
    public func stop() {
        state.change { $0.isStopping = true }
    }

    private static func unmeasured(_ state: State) -> [Checksum] {
        var seen: Set<Checksum> = []
        return state.snapshot.entries.lazy.filter { state.lengths[$0.commit] == nil }
            .sorted { ($0.made ?? 0) > ($1.made ?? 0) }.map(\.commit).filter { seen.insert($0).inserted }
    }

    /// Determines sizes, until `run` is stopped or a refresh is requested.
    private func measure(_ commits: [Checksum]) {
        var found: [Checksum: UInt64] = [:]
        var start = ContinuousClock.now
        for commit in commits {
            // An unreadable commit gets size 0, so that it is not tried again.
            found[commit] = (try? repository.length(of: commit)) ?? 0
            // Publishing goes through all refs, so it happens once a second at most.
            if start.duration(to: .now) > .seconds(1) {
                publish(found)
                found = [:]
                start = .now
                if state.withLock({ $0.isStopping || $0.isRequested }) { return }
            }
        }
        publish(found)
    }

    private func publish(_ found: [Checksum: UInt64]) {
        state.withLock { state in
            state.lengths.merge(found) { $1 }
            for index in state.snapshot.entries.indices {
                if let length = found[state.snapshot.entries[index].commit] {
                    state.snapshot.entries[index].length = length
                }
            }
        }
    }

    private func refresh() throws {
        let start = ContinuousClock.now
        let (lengths, times) = state.withLock { ($0.lengths, $0.times) }
        let refs = try repository.refs()
        var entries: [Entry] = []
        for (ref, commit) in refs.prefix(Catalogue.limit) {
            var entry = Entry(ref, commit)
            entry.made = try times[commit] ?? made(commit)
            entry.used = try repository.lastUse(of: ref)
            entry.length = lengths[commit]
            entries.append(entry)
        }
        var counts: [Substring: Int] = [:]
        for entry in entries { counts[entry.project, default: 0] += 1 }
        entries.sort {
            ($0.project, $0.element, $1.made ?? 0, $0.key) < ($1.project, $1.element, $0.made ?? 0, $1.key)
        }
        let known = Set(entries.map(\.commit))
        let snapshot = Snapshot(
            entries: entries, projects: counts.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) },
            count: refs.count)
        state.change { state in
            state.snapshot = snapshot
            // Drops commits that no ref points to any more.
            state.lengths = state.lengths.filter { known.contains($0.key) }
            state.times = Dictionary(entries.compactMap { entry in entry.made.map { (entry.commit, $0) } }) {
                $1
            }
            (state.time, state.duration) = (.now, start.duration(to: .now))
            state.isRequested = false
        }
    }

    /// Returns a commit's time; nil if the commit is missing or malformed.
    private func made(_ commit: Checksum) throws -> Int? {
        do { return Int(clamping: try repository.commit(commit).timestamp) } catch is RepositoryError {
            return nil
        }
    }
}
