// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// Collects accesses in memory and records them in the repository at intervals, for expiry.
///
/// A request only takes a lock and adds to a set; the thread in `run` touches the refs' files.
public final class AccessCollector: Sendable {
    private struct State {
        var accesses: [AccessLog.Use: Int] = [:]
        var recorded = 0
        var isStopping = false
        var isUrgent = false
    }

    /// Different accesses that are held at most. When they are reached, `run` records them at once.
    private static let limit = 10_000

    private let repository: Repository
    private let state = Monitor(State())
    private let complain: @Sendable (String) -> Void

    /// Creates a collector for a repository.
    ///
    /// - Parameter complain: called once, with the reason, if accesses cannot be recorded.
    public init(_ repository: Repository, complain: @escaping @Sendable (String) -> Void) {
        self.repository = repository
        self.complain = complain
    }

    /// Adds an access at the current time.
    public func add(_ access: AccessLog.Use) {
        let now = time(nil)
        let isFull = state.withLock { state in
            if state.accesses.count < AccessCollector.limit || state.accesses[access] != nil {
                state.accesses[access] = now
            }
            return state.accesses.count >= AccessCollector.limit && !state.isUrgent
        }
        if isFull { state.change { $0.isUrgent = true } }
    }

    /// The number of accesses recorded since the start.
    public var recordedCount: Int { state.withLock { $0.recorded } }

    /// Records accesses at intervals, until `stop` is called.
    public func run(every interval: Duration = .seconds(60)) {
        var hasComplained = false
        while true {
            _ = state.wait(atMost: interval) { $0.isStopping || $0.isUrgent }
            let (accesses, isStopping) = state.withLock { state in
                defer { (state.accesses, state.isUrgent) = ([:], false) }
                return (state.accesses, state.isStopping)
            }
            if !accesses.isEmpty {
                do {
                    let count = try repository.recordAccesses(accesses)
                    state.withLock { $0.recorded += count }
                } catch {
                    if !hasComplained {
                        complain(
                            "expiry is not told what is pulled, since refs cannot be touched (\(error)): run the server as "
                                + "the owner of \(repository.path)")
                    }
                    hasComplained = true
                }
            }
            if isStopping { return }
        }
    }

    /// Makes `run` record the rest and return.
    public func stop() {
        state.change { $0.isStopping = true }
    }
}
