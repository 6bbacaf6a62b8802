// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// What a repository has, as the page shows it: looked up by a thread of its own when somebody has asked, and kept.
///
/// Sizes are found by looking at every object of a commit, once, since a commit never changes; the newest come first.
public final class Catalogue: Sendable {
    /// One ref.
    public struct Entry: Sendable {
        /// The ref.
        public var ref: RefName
        /// Its commit.
        public var commit: Checksum
        /// When that was made, in seconds since 1970; nil where it cannot be read.
        public var made: Int?
        /// When it was used last.
        public var used: Int?
        /// What a pull of it into an empty repository fetches, in bytes; nil until that is known.
        public var length: UInt64?
        /// The first part of the name, unless that is the whole name.
        var project: Substring
        /// What is between project and key.
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

    /// What was known at one moment.
    public struct Snapshot: Sendable {
        /// The refs, by project and element, the newest first.
        public var entries: [Entry] = []
        /// Projects and how many refs each has, sorted.
        public var projects: [(name: String, count: Int)] = []
        /// How many refs there are, which may be more than are held.
        public var count = 0
    }

    private struct State {
        var snapshot = Snapshot()
        /// When it was looked up, on a clock that only goes forward.
        var time: UInt64 = 0
        /// How long that took.
        var duration: UInt64 = 0
        var isAsked = false
        var isStopping = false
        var lengths: [Checksum: UInt64] = [:]
        var times: [Checksum: Int] = [:]
    }

    /// How many refs are shown at most.
    static let limit = 100_000
    /// For how long what was looked up is good, in milliseconds.
    private static let freshness: UInt64 = 2000
    /// How long a request waits at most for what is being looked up.
    private static let patience: UInt64 = 250

    private let repository: Repository
    private let state = Monitor(State())

    /// Looks up the refs, but no sizes.
    public init(_ repository: Repository) throws {
        self.repository = repository
        try refresh()
    }

    /// What is known. Where that is older than two seconds it is looked up again, which the caller waits for only where it
    /// is quick.
    public func snapshot() -> Snapshot {
        let isOld = state.withLock { Clock.milliseconds - $0.time > Catalogue.freshness }
        if isOld {
            let isQuick = state.change { state in
                state.isAsked = true
                return state.duration < Catalogue.patience
            }
            if isQuick { _ = state.wait(atMost: Catalogue.patience) { !$0.isAsked } }
        }
        return state.withLock { $0.snapshot }
    }

    /// Looks up what is asked for and finds sizes, until it is stopped.
    public func run() {
        // Who pulls comes first.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
        while true {
            let next: (isStopping: Bool, isAsked: Bool, commits: [Checksum]) = state.wait { state in
                let commits = Catalogue.unmeasured(state)
                guard state.isStopping || state.isAsked || !commits.isEmpty else { return nil }
                return (state.isStopping, state.isAsked, commits)
            }
            if next.isStopping { return }
            // A repository that cannot be read now is shown as it was.
            if next.isAsked {
                do { try refresh() } catch {
                    state.change { ($0.isAsked, $0.time) = (false, Clock.milliseconds) }
                }
            }
            measure(next.commits)
        }
    }

    /// Lets `run` return.
    public func stop() {
        state.change { $0.isStopping = true }
    }

    private static func unmeasured(_ state: State) -> [Checksum] {
        var seen: Set<Checksum> = []
        return state.snapshot.entries.lazy.filter { state.lengths[$0.commit] == nil }
            .sorted { ($0.made ?? 0) > ($1.made ?? 0) }.map(\.commit).filter { seen.insert($0).inserted }
    }

    /// Finds sizes, until something else is asked for.
    private func measure(_ commits: [Checksum]) {
        var found: [Checksum: UInt64] = [:]
        var start = Clock.milliseconds
        for commit in commits {
            // What cannot be read has no size, and is not asked again.
            found[commit] = (try? repository.length(of: commit)) ?? 0
            // Each publication of a size costs a look at all refs.
            if Clock.milliseconds - start > 1000 {
                publish(found)
                found = [:]
                start = Clock.milliseconds
                if state.withLock({ $0.isStopping || $0.isAsked }) { return }
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
        let start = Clock.milliseconds
        let (lengths, times) = state.withLock { ($0.lengths, $0.times) }
        let root = try Directory(repository.path)
        let refs = try repository.refs()
        var entries: [Entry] = []
        for (ref, commit) in refs.prefix(Catalogue.limit) {
            var entry = Entry(ref, commit)
            entry.made = try times[commit] ?? made(commit)
            entry.used = try root.status(of: "refs/heads/\(ref)")?.st_mtim.tv_sec
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
            // What has gone is forgotten.
            state.lengths = state.lengths.filter { known.contains($0.key) }
            state.times = Dictionary(entries.compactMap { entry in entry.made.map { (entry.commit, $0) } }) {
                $1
            }
            (state.time, state.duration) = (Clock.milliseconds, Clock.milliseconds - start)
            state.isAsked = false
        }
    }

    /// When a commit was made; nil where it is not here, or is none.
    private func made(_ commit: Checksum) throws -> Int? {
        do { return Int(clamping: try repository.commit(commit).timestamp) } catch is RepositoryError {
            return nil
        }
    }
}
