// SPDX-License-Identifier: Apache-2.0

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

    var snapshot: State { state.withLock { $0 } }
}
