// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls
import Variants

/// An update of the summary: reads the refs that changed, writes a new file and renames it over the old one.
///
/// **Concurrent runs of `ostree summary -u`** hold libostree's repository lock, shared, from before they read refs
/// until their summary is in place. This update reads refs and writes the file without the lock, and takes it,
/// exclusively, only to rename the file:
///
/// - A run that began before has ended when the lock is acquired, so it cannot replace the new summary by an older
///   view.
/// - A run that begins afterwards sees the current refs.
/// - A run that ended while refs were being read may include later moves of refs. So the update checks, with the lock
///   held, that the summary is still the one from its start, and otherwise starts again; the third attempt holds the
///   lock from the start.
///
/// Updates by this project exclude each other with a lock of their own (`Repository.lockSummary`).
///
/// **A crash** leaves the old or the new summary, complete and durable, since the file is synced before it is renamed.
/// The index does not match then, so the next update reads every ref. Between the two renames of a signed summary the
/// old signature is in place for some microseconds, as with every other program that signs.
struct SummaryUpdate {
    /// The time in nanoseconds after which every ref is read again: one day.
    private static let timeToComplete: UInt64 = 86_400_000_000_000

    private let repository: Repository
    private let options: SummaryOptions
    private var root: Directory { repository.root }

    init(_ repository: Repository, _ options: SummaryOptions) {
        self.repository = repository
        self.options = options
    }

    /// Writes a summary; the caller holds the lock of summary writers.
    func run() throws -> SummaryReport {
        try repository.checkSummaryCanBeSigned(by: options.signers)
        guard try repository.isFlatpakRepository() else { return try runPlain() }
        var warning = options.flatpak.warning(for: repository)
        if warning == nil {
            do { return try runFlatpak() } catch let failure as FlatpakProgram.Failure {
                warning =
                    "'flatpak build-update-repo' fails, and \(failure.reason), so \(repository.path) gets a plain summary, "
                    + "from which flatpak installs and updates: mend that, then run 'bst-artifact repo summary'"
            }
        }
        var report = try runPlain()
        try repository.removeFlatpakIndex()
        report.flatpakWarning = warning
        return report
    }

    /// Writes a summary without the metadata of flatpak.
    private func runPlain() throws -> SummaryReport {
        // First, since the summary lists its commit.
        try RepositoryMetadata(repository, signers: options.signers).update()
        if try repository.hasUncommonSummary() { return try runLibrary() }
        for _ in 0..<2 {
            if let report = try attempt() { return report }
        }
        return try withExclusiveLock {
            guard let report = try attempt(isLocked: true) else {
                throw RepositoryError(
                    .conflict,
                    "cannot update the summary of \(repository.path): another program replaces it without taking the "
                        + "repository's lock, so let only one of them write it")
            }
            return report
        }
    }

    // MARK: Our own writer

    /// Writes a summary unless another program replaces it meanwhile.
    ///
    /// - Returns: Nil if another program replaced it.
    private func attempt(isLocked: Bool = false) throws -> SummaryReport? {
        let temporary = try TemporarySummary(in: repository, signers: options.signers)
        defer { temporary.remove() }
        let file = try temporary.directory.createFile(TemporarySummary.name)
        // The file system's clock, which also sets the stamps of refs.
        let start = FileStamp(try file.status()).changed
        let before = try stampOfSummary()

        let (scan, complete) = try read(at: start, into: file)
        try file.sync()
        try temporary.sign()
        func publish() throws -> Bool { try self.publish(temporary, over: before) }
        let isDone = try isLocked ? publish() : withExclusiveLock { try publish() }
        guard isDone else { return nil }
        try root.sync()
        try? writeIndex(scan.index, for: FileStamp(file.status()), complete: complete)
        var report = SummaryReport(size: scan.summary.size)
        report.refs = scan.summary.count
        report.readRefs = scan.readCount
        report.leftOut = scan.leftOut
        return report
    }

    /// Renames the new summary into place; returns false if the old one is no longer the one with the stamp `before`.
    private func publish(_ temporary: TemporarySummary, over before: FileStamp?) throws -> Bool {
        guard try stampOfSummary() == before else { return false }
        // It may have been signed since the first check.
        try repository.checkSummaryCanBeSigned(by: options.signers)
        try temporary.publish()
        return true
    }

    /// Scans the refs and writes the summary into a file.
    ///
    /// - Returns: The scan, and the time of the last complete one.
    private func read(at start: UInt64, into file: Descriptor) throws -> (scan: RefScan, complete: UInt64) {
        // The mapping must outlive the scan, which copies entries from it.
        let summary = try root.fileIfPresent("summary")
        let mapping = try summary.map { try FileMapping($0) }
        return try withExtendedLifetime(mapping) {
            let entries = mapping.flatMap { SummaryEntries($0.bytes) }
            var old: RefScan.Old?
            var complete = start
            if !options.isComplete, let entries, let summary,
                let index = try index(for: FileStamp(summary.status()), at: start)
            {
                old = RefScan.Old(entries: entries, index: index)
                complete = index.header.complete
            }
            var scan: RefScan
            do {
                scan = try RefScan(repository, at: start, old: old, into: file)
            } catch is RefScan.Mismatch {
                complete = start
                scan = try RefScan(repository, at: start, old: nil, into: file)
            }
            let metadata = SummaryMetadata.bytes(repository, keeping: entries?.metadata)
            try scan.finish(metadata: metadata)
            return (scan, complete)
        }
    }

    private func stampOfSummary() throws -> FileStamp? {
        try root.status(of: "summary").map { FileStamp($0) }
    }

    // MARK: The index

    /// The index; nil if it does not belong to this summary or its last complete scan is more than a day old.
    private func index(for summary: FileStamp, at start: UInt64) throws -> SummaryIndex? {
        guard let file = try root.fileIfPresent(SummaryIndex.path),
            let index = SummaryIndex(try file.readAll(limit: 1 << 30)), index.header.summary == summary,
            index.header.complete <= start, start - index.header.complete < Self.timeToComplete
        else { return nil }
        return index
    }

    private func writeIndex(_ writer: SummaryIndex.Writer, for summary: FileStamp, complete: UInt64) throws {
        let temporary = try repository.standardDirectory("tmp")
        _ = try repository.standardDirectory("state")
        let file = try temporary.createFile(TemporarySummary.name)
        try file.writeAll(SummaryIndex.bytes(.init(summary: summary, complete: complete), writer))
        try temporary.rename(TemporarySummary.name, to: root, SummaryIndex.path)
    }

    // MARK: flatpak

    /// Has flatpak write the summary, its index and signatures by GnuPG.
    ///
    /// Flatpak takes libostree's lock itself. A push meanwhile requests another update.
    private func runFlatpak() throws -> SummaryReport {
        try options.flatpak.updateMetadata(of: repository, signers: options.signers)
        // Flatpak signs with GnuPG alone.
        if options.signers.contains(where: \.isEd25519) {
            let temporary = try TemporarySummary(in: repository, signers: options.signers)
            try temporary.sign(published: "summary")
            try temporary.sign(published: "summary.idx")
        }
        try root.sync()
        return SummaryReport(size: try repository.summarySize() ?? 0)
    }

    // MARK: libostree

    /// Has libostree write the summary, under the exclusive repository lock.
    private func runLibrary() throws -> SummaryReport {
        try withExclusiveLock {
            try repository.makeStandardDirectories()
            let temporary = try TemporarySummary(in: repository, signers: options.signers)
            defer { temporary.remove() }
            try SummaryByLibrary(of: repository).write(to: temporary)
            try temporary.sign()
            try temporary.publish()
            try root.sync()
            return SummaryReport(size: try repository.summarySize() ?? 0)
        }
    }

    /// Runs `body` under libostree's exclusive repository lock, waiting for it up to the timeout.
    private func withExclusiveLock<T>(_ body: () throws -> T) throws -> T {
        try repository.withExclusiveLock(waitingAtMost: options.timeout, body)
    }
}

extension Repository {
    /// Checks that a signed summary gets a new signature: clients would refuse a summary that its signature does not
    /// match.
    ///
    /// - Throws: `RepositoryError` if the summary is signed and there are no signers.
    public func checkSummaryCanBeSigned(by signers: [Signer]) throws {
        guard signers.isEmpty, try root.contains("summary.sig") || root.contains("summary.idx.sig") else {
            return
        }
        throw RepositoryError(
            .notAllowed,
            "the summary of \(path) is signed, and no key was named to sign a new one, so it stays as it was: name one with "
                + "--summary-sign-ed25519 or --summary-gpg-sign, or remove summary.sig")
    }
}
