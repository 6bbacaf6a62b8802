// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// Wishes for a new summary: who moves refs leaves a mark, and one process for all of them updates the summary as long as
/// there is a mark.
///
/// The mark is renamed before refs are read, and removed when the summary is in place. So a wish that comes in between
/// makes a new mark, and one that a crash cut short is still there for the next.
extension Repository {
    private static let wantedPath = "state/bst-artifact-summary-wanted"
    private static let takenPath = "state/bst-artifact-summary-taken"

    /// Asks for an update of the summary.
    public func requestSummaryUpdate() throws {
        _ = try standardDirectory("state")
        do { _ = try root.createFile(Repository.wantedPath) } catch {
            guard error.code == EEXIST else { throw error }
        }
    }

    /// Whether an update of the summary was asked for, and has not been completed.
    public func isSummaryUpdateRequested() throws -> Bool {
        try root.contains(Repository.wantedPath) || root.contains(Repository.takenPath)
    }

    /// The size of the summary, in bytes; nil where there is none.
    public func summarySize() throws -> Int? {
        try root.status(of: "summary").map { Int($0.st_size) }
    }

    /// Tells whether this is a cache without a summary, to which BuildStream's clients push nothing.
    public func lacksSummary() throws -> Bool {
        try mode == .archive && summarySize() == nil
    }

    /// Updates the summary as long as somebody asks for it. Where another process does so already, it takes our wish too.
    ///
    /// - Returns: what was written last; nil where nothing was left to do here.
    /// - Throws: `RepositoryError` with `busy` where libostree's lock could not be had; the wish stands then.
    @discardableResult
    public func updateRequestedSummary(_ options: SummaryOptions) throws -> SummaryReport? {
        var report: SummaryReport?
        // Looked at again after the lock is released: somebody may have asked just before, and seen it locked.
        while try root.contains(Repository.wantedPath)
            || (report == nil && root.contains(Repository.takenPath))
        {
            guard let lock = try lockSummary(LOCK_EX | LOCK_NB) else { return report }
            try withExtendedLifetime(lock) {
                while try isSummaryUpdateRequested() {
                    report = try takeRequests { try SummaryUpdate(self, options).run() }
                }
            }
        }
        return report
    }

    /// Updates the summary now, waiting for others that do so.
    ///
    /// - Throws: `RepositoryError` with `busy` where libostree's lock could not be had; with `notAllowed` where it cannot
    ///   be signed.
    @discardableResult
    public func updateSummary(_ options: SummaryOptions = SummaryOptions()) throws -> SummaryReport {
        let lock = try lockSummary(LOCK_EX)
        return try withExtendedLifetime(lock) { try takeRequests { try SummaryUpdate(self, options).run() } }
    }

    /// Runs `body` for all wishes up to now.
    private func takeRequests<T>(_ body: () throws -> T) throws -> T {
        do { try root.rename(Repository.wantedPath, to: root, Repository.takenPath) } catch {
            guard error.isNotFound else { throw error }
        }
        let result = try body()
        try root.remove(Repository.takenPath)
        return result
    }

    /// The lock of those who write summaries: on the folder `state` itself, so that nothing is left behind.
    ///
    /// - Returns: nil where it is not free and is not to be waited for.
    private func lockSummary(_ operation: Int32) throws -> Directory? {
        let state = try standardDirectory("state")
        if retryingInterrupts({ flock(state.descriptor.number, operation) }) == 0 { return state }
        guard errno == EWOULDBLOCK else { throw SystemError("lock \(state.path)") }
        return nil
    }
}
