// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Moves objects of one type from quarantine to their places in a repository, where readers see them.
struct ObjectMover: Sendable {
    let repository: Repository
    /// The place of the type in quarantine.
    let source: QuarantinePlace
    /// Indicates that the disk space of what is moved is wanted.
    let countsSpace: Bool

    /// The effect of a move.
    struct Outcome: Sendable {
        /// The directories of `objects/` that something was moved to.
        var changed: Set<String> = []
        /// The disk space of what was moved, if it is wanted.
        var allocatedBytes: UInt64 = 0

        mutating func add(_ other: Outcome) {
            changed.formUnion(other.changed)
            allocatedBytes += other.allocatedBytes
        }
    }

    /// Fewer objects than these are moved by one thread.
    private static let parallelCount = 256

    /// Moves objects; those that the repository has meanwhile are removed.
    func move(_ checksums: [Checksum]) throws -> Outcome {
        var outcome = Outcome()
        let sorted = try moveDirectories(checksums.sorted(), &outcome)
        outcome.add(try moveEach(sorted))
        return outcome
    }

    /// Moves directories that the repository lacks and all of whose files are to be moved, which takes no call for each file.
    ///
    /// - Returns: the objects that are left.
    private func moveDirectories(_ sorted: [Checksum], _ outcome: inout Outcome) throws -> [Checksum] {
        var left: [Checksum] = []
        var rest = sorted[...]
        while let first = rest.first {
            let group = rest.prefix { $0.firstByte == first.firstByte }
            rest = rest.dropFirst(group.count)
            if let moved = try moveDirectory(of: group, first) { outcome.add(moved) } else { left += group }
        }
        return left
    }

    /// Moves the directory of some objects, if it holds nothing else.
    private func moveDirectory(of group: ArraySlice<Checksum>, _ first: Checksum) throws -> Outcome? {
        let name = String(first.hex.prefix(2))
        guard source.liesInNewDirectory(first), let directory = try source.directory.directoryIfPresent(name),
            // A peer decides how many there are.
            try directory.entryCount(upTo: group.count + 1) == group.count
        else { return nil }
        var outcome = Outcome(changed: [name])
        if countsSpace || time != nil {
            for checksum in group { outcome.allocatedBytes += try prepare(source.path(of: checksum)) }
        }
        // This fails if another process has made the directory, or on a file system that moves none: files are moved then.
        guard (try? source.directory.rename(name, to: repository.objects, name)) != nil else { return nil }
        return outcome
    }

    /// Moves objects one by one.
    private func moveEach(_ sorted: [Checksum]) throws -> Outcome {
        guard repository.workerCount > 1, sorted.count >= ObjectMover.parallelCount else {
            return try move(sorted[...], byLinking: false)
        }
        // A file system renames from one directory to another for one process at a time, but links for all at once.
        let size = (sorted.count + repository.workerCount - 1) / repository.workerCount
        let results = Monitor<[Result<Outcome, any Error>]>([])
        @Sendable func movePart(from start: Int) {
            let part = sorted[start..<min(start + size, sorted.count)]
            let result = Result { try move(part, byLinking: true) }
            results.withLock { $0.append(result) }
        }
        let threads = try stride(from: size, to: sorted.count, by: size).map { start in
            try Thread { movePart(from: start) }
        }
        movePart(from: 0)
        for thread in threads { thread.join() }
        return try results.withLock { try $0.reduce(into: Outcome()) { $0.add(try $1.get()) } }
    }

    /// The time that OSTree gives files of bare repositories, since they are linked into checkouts.
    private var time: timespec? {
        source.type == .file && repository.mode != .archive ? timespec() : nil
    }

    /// Gives a file what it has in the repository.
    ///
    /// - Returns: its disk space, if that is wanted.
    private func prepare(_ path: String) throws -> UInt64 {
        if let time { try source.directory.setModificationTime(path, time) }
        guard countsSpace else { return 0 }
        return UInt64(try source.directory.status(of: path)?.st_blocks ?? 0) * 512
    }

    private func move(_ checksums: ArraySlice<Checksum>, byLinking links: Bool) throws -> Outcome {
        var outcome = Outcome()
        var last: UInt8?
        for checksum in checksums {
            let entry = source.path(of: checksum)
            let bytes = try prepare(entry)
            let path = repository.objectPath(ObjectName(checksum, source.type))
            let isMoved = try repository.objects.makingParent(of: path) { () throws(SystemError) in
                try source.directory.renameUnlessPresent(
                    entry, to: repository.objects, path, byLinking: links)
            }
            guard isMoved else {
                try source.remove(checksum)
                continue
            }
            outcome.allocatedBytes += bytes
            let first = checksum.firstByte
            if first != last { outcome.changed.insert(String(path.prefix(2))) }
            last = first
        }
        return outcome
    }
}
