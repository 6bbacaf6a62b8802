// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// Requests for a new summary: a process that moves refs creates a request file, and one process updates the summary
/// for all until no request file is left.
///
/// The file is renamed before refs are read, and removed once the summary is in place. So a request made meanwhile
/// creates a new file, and a request interrupted by a crash is served by the next process.
extension Repository {
    private static let wantedPath = "state/bst-artifact-summary-wanted"
    private static let takenPath = "state/bst-artifact-summary-taken"

    /// Requests an update of the summary.
    public func requestSummaryUpdate() throws {
        _ = try standardDirectory("state")
        do { _ = try root.createFile(Repository.wantedPath) } catch {
            guard error.code == EEXIST else { throw error }
        }
    }

    /// Returns true if an update of the summary was requested and is not complete.
    public func isSummaryUpdateRequested() throws -> Bool {
        try root.contains(Repository.wantedPath) || root.contains(Repository.takenPath)
    }

    /// Returns the size of the summary in bytes; nil if there is none.
    public func summarySize() throws -> Int? {
        try root.status(of: "summary").map { Int($0.st_size) }
    }

    /// Returns true if this is a cache without a summary, to which BuildStream's clients push nothing.
    public func lacksSummary() throws -> Bool {
        try mode == .archive && summarySize() == nil
    }

    /// Updates the summary until no request is left, unless another process already does.
    ///
    /// - Returns: The report on the last summary written; nil if none was.
    /// - Throws: `RepositoryError` with `busy` if libostree's lock was not free in time; the request then remains.
    @discardableResult
    public func updateRequestedSummary(_ options: SummaryOptions) throws -> SummaryReport? {
        var report: SummaryReport?
        // Checked again after the release: a request made just before found the lock held and relies on this process.
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

    /// Updates the summary now, after waiting for other processes that do.
    ///
    /// - Throws: `RepositoryError` with `busy` if libostree's lock was not free in time; with `notAllowed` if the
    ///   summary cannot be signed.
    @discardableResult
    public func updateSummary(_ options: SummaryOptions = SummaryOptions()) throws -> SummaryReport {
        let lock = try lockSummary(LOCK_EX)
        return try withExtendedLifetime(lock) { try takeRequests { try SummaryUpdate(self, options).run() } }
    }

    /// Runs `body`, which serves all requests made so far.
    private func takeRequests<T>(_ body: () throws -> T) throws -> T {
        do { try root.rename(Repository.wantedPath, to: root, Repository.takenPath) } catch {
            guard error.isNotFound else { throw error }
        }
        let result = try body()
        try root.remove(Repository.takenPath)
        return result
    }

    /// Takes the lock of summary writers, on the directory `state` itself, so that no lock file is left behind.
    ///
    /// - Returns: Nil if another process holds the lock and `operation` includes `LOCK_NB`.
    private func lockSummary(_ operation: Int32) throws -> Directory? {
        let state = try standardDirectory("state")
        if retryingInterrupts({ flock(state.descriptor.number, operation) }) == 0 { return state }
        guard errno == EWOULDBLOCK else { throw SystemError("lock \(state.path)") }
        return nil
    }
}
