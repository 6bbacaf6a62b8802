// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Makes room in a repository: the artifacts that were not used for the longest time go first.
///
/// An artifact is used when it is pushed, pushed again, or pulled as far as an access log tells (`AccessLog`). When that
/// was, is kept as the time of the ref's file.
public struct Expiry {
    /// How much room there has to be.
    public struct Limits: Sendable {
        /// The most bytes of disk that objects may take; nil for any number.
        public var maximumSize: UInt64?
        /// How many bytes of the file system must stay free; nil for none.
        public var minimumFree: UInt64?
        /// Shell-style patterns, in which `*` also stands for slashes, of refs that never go.
        public var kept: [String] = []

        /// No limits.
        public init() {}
    }

    /// A ref that goes.
    public struct Entry: Sendable, Equatable {
        /// The ref.
        public var ref: RefName
        /// Where it points to.
        public var commit: Checksum
        /// When it was used last, in seconds since 1970.
        public var lastUse: Int
    }

    /// What is to be done, or was done.
    public struct Report: Sendable, Equatable {
        /// The refs that go, the least recently used first.
        public var expired: [Entry] = []
        /// How many bytes of disk the objects took before.
        public var bytesBefore: UInt64 = 0
        /// How many bytes of disk go with them.
        public var freedBytes: UInt64 = 0
    }

    private let repository: Repository
    private let limits: Limits

    /// Prepares to make room in `repository`.
    public init(_ repository: Repository, limits: Limits) {
        self.repository = repository
        self.limits = limits
    }

    /// Looks what would have to go, and changes nothing.
    ///
    /// - Parameters:
    ///   - additional: how many bytes are about to be added.
    ///   - needed: refs that must not go now.
    public func plan(addingBytes additional: UInt64 = 0, needing needed: [RefName] = []) throws -> Report {
        try prepare(additional, needed).report
    }

    /// Makes room where there is too little of it.
    ///
    /// Refs go under the ref lock, objects that nothing needs any more under libostree's exclusive lock, a part at a time,
    /// so that pushes wait for moments only. What a push in progress was told to be present stays.
    ///
    /// - Parameters: as for `plan`.
    /// - Returns: what was done.
    public func run(addingBytes additional: UInt64 = 0, needing needed: [RefName] = []) throws -> Report {
        var (report, reach) = try prepare(additional, needed)
        guard !report.expired.isEmpty else { return report }
        report.expired = try repository.withRefLock { try remove(report.expired) }
        var sweep = try Sweep(repository, reach)
        report.freedBytes = try sweep.run()
        return report
    }

    private struct Candidate {
        var entry: Entry
        var isKept: Bool
    }

    private func prepare(
        _ additional: UInt64, _ needed: [RefName]
    ) throws -> (report: Report, reach: Reach) {
        var report = Report()
        var reach = Reach(repository)
        report.bytesBefore = try repository.allocatedBytes()
        guard let budget = try budget(report.bytesBefore, additional) else { return (report, reach) }
        try reach.add(repository.reservedObjects())
        let candidates = try candidates(needed)
        for candidate in candidates where candidate.isKept { try reach.add(candidate.entry.commit) }
        var isFull = false
        for candidate in candidates.reversed() where !candidate.isKept {
            if try !isFull && reach.add(candidate.entry.commit, within: budget) { continue }
            isFull = true
            // The artifact's other name may have been kept.
            if reach.contains(ObjectName(candidate.entry.commit, .commit)) { continue }
            report.expired.append(candidate.entry)
        }
        report.expired.reverse()
        report.freedBytes = report.bytesBefore - min(report.bytesBefore, reach.bytes)
        return (report, reach)
    }

    /// How many bytes may stay; nil where all may.
    private func budget(_ total: UInt64, _ additional: UInt64) throws -> UInt64? {
        var budget = UInt64.max
        if let maximum = limits.maximumSize, total + additional > maximum {
            budget = maximum - min(maximum, additional)
        }
        let (free, needed) = (try repository.freeBytes(), (limits.minimumFree ?? 0) + additional)
        if free < needed { budget = min(budget, total - min(total, needed - free)) }
        // A little more goes than must, so that not every push has to make room.
        return budget == .max ? nil : budget - budget / 20
    }

    /// The refs, the least recently used first.
    private func candidates(_ needed: [RefName]) throws -> [Candidate] {
        let needed = Set(needed.map(\.text))
        return try repository.refs().map { ref, commit in
            let time = try repository.lastUse(of: ref) ?? 0
            let isKept = needed.contains(ref.text) || limits.kept.contains { fnmatch($0, ref.text, 0) == 0 }
            return Candidate(entry: Entry(ref: ref, commit: commit, lastUse: time), isKept: isKept)
        }.sorted { ($0.entry.lastUse, $0.entry.ref) < ($1.entry.lastUse, $1.entry.ref) }
    }

    /// Removes refs that nobody has moved or used since.
    private func remove(_ entries: [Entry]) throws -> [Entry] {
        let temporary = try repository.root.directory("tmp")
        let removed = try entries.filter { entry in
            try repository.commit(of: entry.ref) == entry.commit
                && repository.lastUse(of: entry.ref) == entry.lastUse
        }
        for entry in removed { try repository.point(entry.ref, to: nil, temporaryFilesIn: temporary) }
        try repository.syncRefFolders(of: removed.map(\.ref))
        return removed
    }
}

extension Repository {
    /// When a ref was used last, in seconds since 1970; nil where there is no such ref.
    func lastUse(of ref: RefName) throws -> Int? {
        try root.status(of: "refs/heads/\(ref)")?.st_mtim.tv_sec
    }

    /// Notes that refs were used now, or at a time in seconds since 1970 where that is later than what is noted.
    public func noteUse(of refs: [RefName], at time: Int?) throws {
        for ref in refs {
            guard let last = try lastUse(of: ref), time ?? .max > last else { continue }
            try root.setModificationTime("refs/heads/\(ref)", time.map { timespec(tv_sec: $0, tv_nsec: 0) })
        }
    }

    /// How many bytes of the repository's file system are free for its owner.
    public func freeBytes() throws -> UInt64 {
        var status = statvfs()
        guard fstatvfs(root.descriptor.number, &status) == 0 else {
            throw SystemError("look at the file system of \(path)")
        }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// How many bytes of disk the objects take. That is remembered, and counted only after others changed something.
    public func allocatedBytes() throws -> UInt64 {
        try withRefLock {
            var complete = try CompleteTrees(self)
            if let known = complete.allocatedBytes { return known }
            var bytes: UInt64 = 0
            try forEachObject { path, _ in bytes += UInt64(try objects.status(of: path)?.st_blocks ?? 0) * 512
            }
            complete.setAllocation(bytes)
            complete.save(temporaryFilesIn: try root.directory("tmp"))
            return bytes
        }
    }

    /// Visits all objects, with their paths below `objects/`.
    func forEachObject(_ visit: (String, ObjectName) throws -> Void) throws {
        for folder in try objects.entries() where folder.utf8.count == 2 {
            try objects.directory(folder).forEachEntry { entry in
                guard let name = objectName(folder + entry) else { return }
                try visit("\(folder)/\(entry)", name)
            }
        }
    }

    /// The object that a file of `objects/` holds.
    private func objectName(_ fileName: String) -> ObjectName? {
        guard let dot = fileName.firstIndex(of: "."), let checksum = Checksum(hex: fileName[..<dot]) else {
            return nil
        }
        let suffix = fileName[fileName.index(after: dot)...]
        if suffix == mode.fileSuffix { return ObjectName(checksum, .file) }
        return ObjectType(rawValue: String(suffix)).flatMap { $0 == .file ? nil : ObjectName(checksum, $0) }
    }

    /// What pushes in progress were told to be present.
    func reservedObjects() throws -> [ObjectName] {
        try QuarantineFolder.running(in: try root.directory("tmp")).flatMap { folder in
            (try? folder.directory("reserve").entries().compactMap { ObjectName(fileName: $0) }) ?? []
        }
    }
}
