// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Moves objects of one type from quarantine to their places in a repository, where readers see them.
struct ObjectMover: Sendable {
    let repository: Repository
    /// The place of the type in quarantine.
    let source: Directory
    let type: ObjectType
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
        let sorted = checksums.sorted()
        try makeDirectories(for: sorted)
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

    private func makeDirectories(for checksums: [Checksum]) throws {
        var last: UInt8?
        for checksum in checksums {
            let first = checksum.firstByte
            guard first != last else { continue }
            last = first
            try repository.objects.makeDirectory(String(checksum.hex.prefix(2)), mayExist: true)
        }
    }

    private func move(_ checksums: ArraySlice<Checksum>, byLinking links: Bool) throws -> Outcome {
        // OSTree gives files of bare repositories this time, since they are linked into checkouts.
        let time = type == .file && repository.mode != .archive ? timespec() : nil
        var outcome = Outcome()
        var last: UInt8?
        for checksum in checksums {
            let entry = checksum.hex
            let blocks = try countsSpace ? source.status(of: entry)?.st_blocks : nil
            if let time { try source.setModificationTime(entry, time) }
            let path = repository.objectPath(ObjectName(checksum, type))
            guard try source.renameUnlessPresent(entry, to: repository.objects, path, byLinking: links) else {
                try source.remove(entry)
                continue
            }
            outcome.allocatedBytes += UInt64(blocks ?? 0) * 512
            let first = checksum.firstByte
            if first != last { outcome.changed.insert(String(path.prefix(2))) }
            last = first
        }
        return outcome
    }
}
