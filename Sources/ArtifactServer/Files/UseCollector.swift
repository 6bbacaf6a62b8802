// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Glibc
import SystemCalls

/// Remembers what was pulled, and tells the repository once in a while, which is what expiry goes by.
///
/// A request costs a lock and a place in a set; the refs' files are touched by a thread of its own.
public final class UseCollector: Sendable {
    private struct State {
        var uses: [AccessLog.Use: Int] = [:]
        var noted = 0
        var isStopping = false
        var isUrgent = false
    }

    /// How many different uses are remembered; with more of them, what is remembered is noted at once.
    private static let limit = 10_000

    private let repository: Repository
    private let state = Monitor(State())
    private let complain: @Sendable (String) -> Void

    /// Collects for a repository.
    ///
    /// - Parameter complain: told once why uses cannot be noted.
    public init(_ repository: Repository, complain: @escaping @Sendable (String) -> Void) {
        self.repository = repository
        self.complain = complain
    }

    /// Remembers that something was used now.
    public func note(_ use: AccessLog.Use) {
        let now = time(nil)
        let isFull = state.withLock { state in
            if state.uses.count < UseCollector.limit || state.uses[use] != nil { state.uses[use] = now }
            return state.uses.count >= UseCollector.limit && !state.isUrgent
        }
        if isFull { state.change { $0.isUrgent = true } }
    }

    /// How many uses the repository was told of.
    public var notedCount: Int { state.withLock { $0.noted } }

    /// Tells the repository every so many milliseconds, until it is stopped.
    public func run(every milliseconds: UInt64 = 60_000) {
        var hasComplained = false
        while true {
            _ = state.wait(atMost: milliseconds) { $0.isStopping || $0.isUrgent }
            let (uses, isStopping) = state.withLock { state in
                defer { (state.uses, state.isUrgent) = ([:], false) }
                return (state.uses, state.isStopping)
            }
            if !uses.isEmpty {
                do {
                    let count = try repository.noteUses(uses)
                    state.withLock { $0.noted += count }
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

    /// Lets `run` note what is left and return.
    public func stop() {
        state.change { $0.isStopping = true }
    }
}
