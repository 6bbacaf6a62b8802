// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A scan of all refs that writes the entries of a summary and copies unchanged ones from the previous summary.
///
/// The refs of an unchanged directory are copied without reading it; in a changed directory, unchanged refs are copied.
/// This notices every program that replaces a ref's file, as libostree and this project do. A file written in place,
/// for instance with an editor, is noticed only when something else in its directory changes, or by a complete scan.
/// Aliases, which are symbolic links, are always read.
struct RefScan {
    /// The previous summary and its index.
    struct Old {
        let entries: SummaryEntries
        let index: SummaryIndex
    }

    /// The error that the previous summary and its index do not match.
    struct Mismatch: Error {}

    private let repository: Repository
    private let heads: Directory
    private let start: UInt64
    private let oldEntries: SummaryEntries?
    private var old: SummaryIndex.Reader
    /// The path of the current directory below `refs/heads`, with a final slash; empty for `refs/heads` itself.
    private var prefix: [UInt8] = []
    private var visits: [Visit] = []
    private var facts: [Checksum: SummaryWriter.CommitFacts] = [:]

    /// The entries of the new summary.
    private(set) var summary: SummaryWriter
    /// The index of the new summary.
    private(set) var index: SummaryIndex.Writer
    /// The number of refs that were read.
    private(set) var readCount = 0
    /// Refs that are not listed, since they hold no commit or one that the repository lacks.
    private(set) var leftOut: [String] = []

    /// Scans all refs of a repository.
    ///
    /// - Parameters:
    ///   - start: The current time by the clock of the refs' file system, in nanoseconds since 1970.
    ///   - file: The file that gets the summary.
    /// - Throws: `Mismatch`; `SystemError` if a directory cannot be read.
    init(_ repository: Repository, at start: UInt64, old: Old?, into file: Descriptor) throws {
        self.repository = repository
        self.start = start
        heads = try repository.standardDirectory("refs/heads")
        oldEntries = old?.entries
        self.old = SummaryIndex.Reader(old?.index.items ?? [])
        summary = try SummaryWriter(file, expectedCount: old?.entries.count ?? 0)
        index = SummaryIndex.Writer(expectedSize: old?.index.items.count ?? 0)
        try enter(FileStamp(heads.descriptor.status()), name: [], isKnown: self.old.kind == .directory)
        while var visit = visits.popLast() {
            let child = try visit.isKept ? keepRefs() : readRefs(&visit)
            if let child {
                visits.append(visit)
                try visitDirectory(child.name, isKnown: child.isKnown)
            } else {
                leave(visit)
            }
        }
    }

    /// Completes the summary; `metadata` is the serialised dictionary `a{sv}` after the refs.
    mutating func finish(metadata: [UInt8]) throws {
        try summary.finish(metadata: metadata)
    }

    // MARK: Directories

    /// A directory on the way down to the current one. Names of refs may have thousands of parts, hence no recursion.
    private struct Visit {
        /// The length of its part of `prefix`.
        let nameCount: Int
        /// Indicates that the old index has it, and is positioned inside it.
        let isKnown: Bool
        /// Indicates that it is unchanged, so that its entries are copied.
        var isKept = false
        /// Its children, of which those before `next` were visited, and its position in the new index.
        var directory: RefDirectory?
        var next = 0
        var position = 0
        var opened: Descriptor?
    }

    /// The path of the current directory relative to `heads`, with a final NUL. With it no directories in between have
    /// to be held open, and refs may be deeply nested.
    private var path: [UInt8] {
        prefix.isEmpty ? [UInt8(ascii: "."), 0] : prefix.dropLast() + [0]
    }

    /// Opens the current directory; nil if it was removed.
    private func reopen() throws -> Descriptor? {
        try path.withUnsafeBytes {
            try open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, in: heads.descriptor.number)
        }
    }

    /// Visits a child of the current directory. If it is known, the old index is positioned before it.
    private mutating func visitDirectory(_ name: [UInt8], isKnown: Bool) throws {
        prefix += name + [UInt8(ascii: "/")]
        let status = try path.withUnsafeBytes { try RefDirectory.status($0, in: heads.descriptor.number) }
        if let status, status.st_mode & S_IFMT == S_IFDIR,
            try enter(FileStamp(status), name: name, isKnown: isKnown)
        {
            return
        }
        // Removed just now, and perhaps replaced by a ref of the same name. The next scan finds it, since the parent's
        // stamp has changed.
        if isKnown { old.passWhole() }
        prefix.removeLast(name.count + 1)
    }

    /// Enters the current directory, and reads it unless it is unchanged.
    ///
    /// - Returns: False if it was removed.
    @discardableResult
    private mutating func enter(_ stamp: FileStamp, name: [UInt8], isKnown: Bool) throws -> Bool {
        var visit = Visit(nameCount: name.isEmpty ? 0 : name.count + 1, isKnown: isKnown)
        if isKnown, old.stamp == stamp {
            visit.isKept = true
            _ = index.directory(name, stamp)
        } else {
            guard let opened = try reopen() else { return false }
            visit.position = try index.directory(name, FileStamp(opened.status()).settled(at: start))
            visit.directory = try RefDirectory(opened.number)
            visit.opened = opened
        }
        if isKnown { old.pass() }
        visits.append(visit)
        return true
    }

    /// Ends a directory, and passes the rest of it in the old index.
    private mutating func leave(_ visit: Visit) {
        if visit.isKnown {
            while old.kind != .end { old.passWhole() }
            old.pass()
        }
        index.end()
        prefix.removeLast(visit.nameCount)
    }

    /// Copies the refs of an unchanged directory up to its next directory, which is returned.
    private mutating func keepRefs() throws -> (name: [UInt8], isKnown: Bool)? {
        while old.kind == .ref {
            try keepRef(old.stamp)
            old.pass()
        }
        return old.kind == .directory ? (old.withName { Array($0) }, true) : nil
    }

    /// Reads the refs of a directory up to its next directory, which is returned.
    private mutating func readRefs(_ visit: inout Visit) throws -> (name: [UInt8], isKnown: Bool)? {
        guard let directory = visit.directory else { return nil }
        while visit.next < directory.children.count {
            let child = directory.children[visit.next]
            visit.next += 1
            let found: (name: [UInt8], isKnown: Bool)? = try directory.withName(child) { name in
                // Other files are libostree's temporary ones, above all, which it does not list either.
                guard RefName.isPart(name) else { return nil }
                let isKnown = try visit.isKnown && seek(name, child.kind)
                if child.kind == .directory {
                    visit.opened = nil
                    return (Array(name), isKnown)
                }
                if visit.opened == nil { visit.opened = try reopen() }
                let isListed =
                    try visit.opened.map { try visitRef(name, child.kind, in: $0.number, isKnown: isKnown) }
                    ?? false
                if isKnown { old.pass() }
                // The stamp shows neither that an alias's target moved nor that an unlisted ref's commit arrived.
                if !isListed || child.kind == .alias { index.distrust(visit.position) }
                return nil
            }
            if let found { return found }
        }
        return nil
    }

    /// Skips the items before a name in the old index.
    ///
    /// - Returns: True if the old index has that name.
    private mutating func seek(_ name: UnsafeRawBufferPointer, _ kind: RefDirectory.Kind) throws -> Bool {
        while old.kind != .end {
            let order =
                old.kind == .directory
                ? old.withName { compare($0, true, name, kind == .directory) }
                : compare(try oldName(), false, name, kind == .directory)
            if order == 0 { return true }
            if order > 0 { return false }
            old.passWhole()
        }
        return false
    }

    /// Compares names in the order of full ref names: a directory's as if it ended with a slash.
    private func compare(
        _ left: UnsafeRawBufferPointer, _ leftIsDirectory: Bool, _ right: UnsafeRawBufferPointer,
        _ rightIsDirectory: Bool
    ) -> Int {
        let common = min(left.count, right.count)
        if common > 0, let leftStart = left.baseAddress, let rightStart = right.baseAddress {
            let order = memcmp(leftStart, rightStart, common)
            if order != 0 { return Int(order) }
        }
        func next(_ name: UnsafeRawBufferPointer, _ isDirectory: Bool) -> Int {
            name.count > common ? Int(name[common]) : isDirectory ? Int(UInt8(ascii: "/")) : 0
        }
        return next(left, leftIsDirectory) - next(right, rightIsDirectory)
    }

    private func open(_ path: UnsafeRawBufferPointer, _ flags: Int32, in parent: Int32) throws -> Descriptor?
    {
        guard let start = path.bindMemory(to: CChar.self).baseAddress else { return nil }
        let number = retryingInterrupts { openat(parent, start, flags | O_CLOEXEC | O_NONBLOCK) }
        if number >= 0 { return Descriptor(number) }
        guard [ENOENT, ENOTDIR, ELOOP].contains(errno) else {
            throw SystemError("open \(heads.path)/\(String(decoding: prefix, as: UTF8.self))...")
        }
        return nil
    }

    // MARK: Refs

    /// The last part of the name of the old index's next ref.
    private func oldName() throws -> UnsafeRawBufferPointer {
        guard let entry = oldEntries?.entry(old.refsPassed), let name = SummaryEntries.name(entry),
            name.count > prefix.count
        else { throw Mismatch() }
        return UnsafeRawBufferPointer(rebasing: name[prefix.count...])
    }

    /// Copies the entry of the old index's next ref.
    private mutating func keepRef(_ stamp: FileStamp) throws {
        guard let entry = oldEntries?.entry(old.refsPassed) else { throw Mismatch() }
        try summary.append(copying: entry)
        index.ref(stamp)
    }

    /// Visits a ref of the current directory. If it is known, the old index is positioned before it.
    ///
    /// - Returns: True if the ref was listed.
    private mutating func visitRef(
        _ name: UnsafeRawBufferPointer, _ kind: RefDirectory.Kind, in directory: Int32, isKnown: Bool
    ) throws -> Bool {
        var stamp = FileStamp.unknown
        if kind == .ref {
            guard let status = try RefDirectory.status(name, in: directory) else { return false }
            stamp = FileStamp(status)
            if isKnown, stamp == old.stamp {
                try keepRef(stamp)
                return true
            }
        }
        let fullName = prefix + name
        guard let file = try open(name, O_RDONLY, in: directory) else {
            // A ref that was removed just now is not reported; an alias whose target was removed is.
            if kind == .alias, try RefDirectory.status(name, in: directory) != nil {
                leftOut.append(String(decoding: fullName, as: UTF8.self))
            }
            return false
        }
        readCount += 1
        guard let commit = try RefScan.commit(file) else {
            leftOut.append(String(decoding: fullName, as: UTF8.self))
            return false
        }
        if isKnown, let entry = oldEntries?.entry(old.refsPassed),
            let same = SummaryEntries.commit(entry, nameCount: fullName.count),
            Checksum(bytes: same) == commit
        {
            try keepRef(stamp.settled(at: start))
            return true
        }
        guard let facts = try commitFacts(commit) else {
            leftOut.append(String(decoding: fullName, as: UTF8.self))
            return false
        }
        try summary.append(name: fullName, commit: commit, facts)
        index.ref(stamp.settled(at: start))
        return true
    }

    /// The commit in a ref's file, which holds 64 digits and white space.
    private static func commit(_ file: Descriptor) throws -> Checksum? {
        // An alias may point to a directory.
        guard try file.status().st_mode & S_IFMT != S_IFDIR else { return nil }
        return try withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { buffer in
            let count = try file.read(into: buffer)
            guard count >= 64 else { return nil }
            let rest = buffer[64..<count]
            guard rest.allSatisfy({ $0 == 0x20 || (0x09...0x0d).contains($0) }) else { return nil }
            return Checksum(hex: String(decoding: buffer[..<64], as: UTF8.self))
        }
    }

    private mutating func commitFacts(_ commit: Checksum) throws -> SummaryWriter.CommitFacts? {
        if let known = facts[commit] { return known }
        let name = ObjectName(commit, .commit)
        guard
            let read = try repository.ifIntact({
                try repository.load(name) { (size: $0.count, timestamp: try Commit($0, name).timestamp) }
            })
        else { return nil }
        let found = SummaryWriter.CommitFacts(size: UInt64(read.size), timestamp: read.timestamp)
        facts[commit] = found
        return found
    }
}
