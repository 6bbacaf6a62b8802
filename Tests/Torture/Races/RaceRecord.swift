// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Events on one cache, noted by many threads.
final class RaceRecord: Sendable {
    struct State {
        /// Refs that pushes were told to have moved, with their commits.
        var acknowledged: [String: Set<String>] = [:]
        /// The refs of each push that were to move together, with their commit.
        var together: [(refs: [String], commit: String)] = []
        var counts: [String: Int] = [:]
        var failures: [String] = []
    }

    private let state = Mutex(State())

    func count(_ what: String, _ number: Int = 1) {
        state.withLock { $0.counts[what, default: 0] += number }
    }

    /// The number of events of a kind.
    func number(of what: String) -> Int { state.withLock { $0.counts[what] ?? 0 } }

    /// Notes a broken promise.
    func fail(_ words: String) {
        state.withLock { $0.failures.append(words) }
    }

    func acknowledge(_ refs: [String], at commit: String) {
        state.withLock { state in
            for ref in refs { state.acknowledged[ref, default: []].insert(commit) }
        }
    }

    /// Notes a push that is about to begin.
    func begin(_ refs: [String], at commit: String) {
        state.withLock { $0.together.append((refs, commit)) }
    }

    /// An acknowledged ref that is never deleted; nil where there is none yet.
    func pullable(_ round: Int) -> (ref: String, commit: String)? {
        let acknowledged = snapshot.acknowledged.filter { $0.key.hasPrefix("p/") }
        guard !acknowledged.isEmpty else {
            usleep(100_000)
            return nil
        }
        let (ref, commits) = acknowledged.sorted { $0.key < $1.key }[(round &* 7919) % acknowledged.count]
        return commits.first.map { (ref, $0) }
    }

    var snapshot: State { state.withLock { $0 } }
}
