// SPDX-License-Identifier: Apache-2.0

import COSTree
import Glibc
import SystemCalls

/// How a summary is to be written.
public struct SummaryOptions: Sendable {
    /// Who signs it.
    public var signers: [SummarySigner] = []
    /// Whether every ref is read, whatever is known of it.
    public var isComplete = false
    /// The time to wait for libostree's repository lock.
    public var timeout = Duration.seconds(30)

    /// No signatures; a timeout of half a minute.
    public init() {}
}

/// What a summary that was just written has.
public struct SummaryReport: Sendable {
    /// How many refs are in it; nil where libostree wrote it.
    public var refs: Int?
    /// Its size, in bytes.
    public var size: Int
    /// How many refs were read, and not taken over from the summary before; nil where libostree wrote it.
    public var readRefs: Int?
    /// Refs that are not in it, since they hold no commit, or one that the repository lacks.
    public var leftOut: [String] = []

    /// Describes a summary of which only the size is known.
    public init(size: Int) { self.size = size }

    /// The largest summary that all readers take, in bytes: libostree's limit for metadata.
    public static let largestReadable = 10 * 1024 * 1024
    /// From this size on something is to be done about it, in bytes.
    public static let largeSize = 8 * 1024 * 1024

    /// What people should know of it.
    public var warnings: [String] {
        var warnings: [String] = []
        if size > SummaryReport.largeSize {
            warnings.append(
                "the summary has \(size) bytes, and libostree reads no more than \(SummaryReport.largestReadable): divide "
                    + "the cache, for instance by project, or let clients name refs in full, which takes no summary"
            )
        }
        if let first = leftOut.first {
            warnings.append(
                "\(leftOut.count) refs are not in the summary, \(first) for instance, since they hold no commit that is here: "
                    + "push them again, or remove them with 'ostree refs --delete'")
        }
        return warnings
    }
}

/// Writes one summary: reads what changed, writes a file beside the old one, and puts it in its place.
///
/// **Beside `ostree summary -u`**, which takes libostree's repository lock, shared, from before it reads refs until after
/// it has put its summary in place. Refs are read and the file is written without that lock. Then it is taken,
/// exclusively, for the last step alone, which renames:
///
/// - One that has begun before our refs moved has ended when we have the lock, so it cannot put its older view over ours.
/// - One that begins afterwards sees refs as they are now.
/// - One that ended while we read may know of refs that moved after we had passed them. So we look, with the lock held,
///   whether the summary is the one that was there when we began, and begin anew where it is not; the third time with
///   the lock held from the start.
///
/// Two writers of this project keep out of each other's way by a lock of their own (`withSummaryLock`).
///
/// **A crash** leaves the old summary or the new one, each whole and durable, since the file is synced before it is
/// renamed; the index does not fit then, so the next update reads every ref. Between the two renames of a signed summary
/// the signature is that of the old one, for some microseconds, as it is with every other program that signs.
struct SummaryUpdate {
    private static let temporaryName = "summary-new"
    private static let temporarySignature = "summary-new.sig"
    /// After this time everything is read once more, in nanoseconds: a day.
    private static let timeToComplete: UInt64 = 86_400_000_000_000

    private let repository: Repository
    private let options: SummaryOptions
    private var root: Directory { repository.root }

    init(_ repository: Repository, _ options: SummaryOptions) {
        self.repository = repository
        self.options = options
    }

    /// Writes a summary; the caller holds the summary lock.
    func run() throws -> SummaryReport {
        try repository.checkSummaryCanBeSigned(by: options.signers)
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

    /// - Returns: nil where somebody else wrote a summary meanwhile.
    private func attempt(isLocked: Bool = false) throws -> SummaryReport? {
        let temporary = try repository.standardDirectory("tmp")
        for name in [Self.temporaryName, Self.temporarySignature] { try temporary.remove(name) }
        defer { for name in [Self.temporaryName, Self.temporarySignature] { try? temporary.remove(name) } }
        let file = try temporary.createFile(Self.temporaryName)
        // The file system's own idea of the time, which stamps of refs are compared with.
        let start = FileStamp(try file.status()).changed
        let before = try stampOfSummary()

        let (scan, bytes, complete) = try read(at: start)
        try file.writeAll(bytes)
        try file.sync()
        if !options.signers.isEmpty {
            let signature = try temporary.createFile(Self.temporarySignature)
            try signature.writeAll(SummarySigner.signatures(of: bytes, by: options.signers))
            try signature.sync()
        }
        let isDone = try isLocked ? publish(over: before) : withExclusiveLock { try publish(over: before) }
        guard isDone else { return nil }
        try root.sync()
        try? writeIndex(scan.index, for: FileStamp(file.status()), complete: complete)
        var report = SummaryReport(size: bytes.count)
        report.refs = scan.builder.count
        report.readRefs = scan.readCount
        report.leftOut = scan.leftOut
        return report
    }

    /// Puts the new summary in place, unless that which is there is not the one that was.
    private func publish(over before: FileStamp?) throws -> Bool {
        guard try stampOfSummary() == before else { return false }
        // Nobody may have signed it since we looked.
        try repository.checkSummaryCanBeSigned(by: options.signers)
        let temporary = try repository.standardDirectory("tmp")
        try temporary.rename(Self.temporaryName, to: root, "summary")
        if !options.signers.isEmpty { try temporary.rename(Self.temporarySignature, to: root, "summary.sig") }
        return true
    }

    /// The entries of all refs and the bytes of the summary, and when every ref was read last.
    private func read(at start: UInt64) throws -> (scan: RefScan, bytes: [UInt8], complete: UInt64) {
        // Mapped as long as entries are copied from it.
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
            let size = mapping?.bytes.count ?? 0
            var scan: RefScan
            do {
                scan = try RefScan(repository, at: start, old: old, expectedSize: size)
            } catch is RefScan.Mismatch {
                complete = start
                scan = try RefScan(repository, at: start, old: nil, expectedSize: size)
            }
            let metadata = SummaryMetadata.bytes(repository, keeping: entries?.metadata)
            return (scan, scan.finish(metadata: metadata), complete)
        }
    }

    private func stampOfSummary() throws -> FileStamp? {
        try root.status(of: "summary").map { FileStamp($0) }
    }

    // MARK: The index

    /// The index, where it belongs to this summary and is of this day.
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
        let file = try temporary.createFile(Self.temporaryName)
        try file.writeAll(SummaryIndex.bytes(.init(summary: summary, complete: complete), writer))
        try temporary.rename(Self.temporaryName, to: root, SummaryIndex.path)
    }

    // MARK: libostree

    /// Has libostree write the summary, with the repository lock held so that no other does.
    private func runLibrary() throws -> SummaryReport {
        try repository.withExclusiveLock {
            try repository.makeStandardDirectories()
            try repository.explainingDanglingAliases {
                _ = try withGError("update the summary of \(repository.path)") { error in
                    ostree_repo_regenerate_summary(repository.handle, nil, nil, error)
                }
            }
            let file = try root.openFile("summary")
            let size = Int(try file.status().st_size)
            if !options.signers.isEmpty {
                let temporary = try repository.standardDirectory("tmp")
                try temporary.remove(Self.temporarySignature)
                let signature = try temporary.createFile(Self.temporarySignature)
                try signature.writeAll(
                    SummarySigner.signatures(of: file.readAll(limit: 1 << 30), by: options.signers))
                try signature.sync()
                try temporary.rename(Self.temporarySignature, to: root, "summary.sig")
            }
            try root.sync()
            return SummaryReport(size: size)
        }
    }

    /// Runs `body` while nobody else holds libostree's repository lock.
    private func withExclusiveLock<T>(_ body: () throws -> T) throws -> T {
        // libostree waits in steps of a second, too long for a step of microseconds.
        let number = retryingInterrupts {
            openat(root.descriptor.number, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
        }
        guard number >= 0 else { throw SystemError("open \(repository.path)/.lock") }
        guard let lock = try FileLock(Descriptor(number), waitingAtMost: options.timeout) else {
            throw RepositoryError(
                .busy,
                "cannot update the summary of \(repository.path): another program holds the repository's lock for more "
                    + "than \(Int(options.timeout / .seconds(1))) s, so try again when it has ended")
        }
        return try withExtendedLifetime(lock) { try body() }
    }
}

extension Repository {
    /// A summary that is signed must not get a content that its signature does not fit: clients would refuse it.
    ///
    /// - Throws: `RepositoryError` where there is a signature and nobody to make a new one.
    public func checkSummaryCanBeSigned(by signers: [SummarySigner]) throws {
        guard signers.isEmpty, try root.contains("summary.sig") else { return }
        throw RepositoryError(
            .notAllowed,
            "the summary of \(path) is signed, and no key was named to sign a new one, so it stays as it was: name one with "
                + "--summary-sign-ed25519 or --summary-gpg-sign, or remove summary.sig")
    }
}
