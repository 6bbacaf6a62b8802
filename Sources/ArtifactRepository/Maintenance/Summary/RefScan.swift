// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Looks at all refs once and writes the entries of a summary, taking over from an older one what has not changed.
///
/// Folders that are as they were are not read: their refs are taken over. In a folder that changed, refs that are as they
/// were are not read. So the refs may be moved by any program that replaces their files, as libostree does and this
/// project; a ref whose file is written in place, with an editor for instance, is noticed when something else changes in
/// its folder, or by a complete scan. Aliases, which are symbolic links, are always read.
struct RefScan {
    /// A summary of ours and its index.
    struct Old {
        let entries: SummaryEntries
        let index: SummaryIndex
    }

    /// The old summary and its index do not fit together.
    struct Mismatch: Error {}

    private let repository: Repository
    private let heads: Directory
    private let start: UInt64
    private let oldEntries: SummaryEntries?
    private var old: SummaryIndex.Reader
    /// The folder that is looked at, with a slash at its end; for the outermost one, nothing.
    private var prefix: [UInt8] = []
    private var facts: [Checksum: SummaryBuilder.CommitFacts] = [:]

    /// The entries.
    private(set) var builder: SummaryBuilder
    /// Their index.
    private(set) var index: SummaryIndex.Writer
    /// How many refs were read.
    private(set) var readCount = 0
    /// Refs that cannot be listed, since they hold no commit or one that is not here.
    private(set) var leftOut: [String] = []

    /// Looks at all refs of a repository.
    ///
    /// - Parameter start: the time at the file system of the refs, in nanoseconds since 1970.
    /// - Throws: `Mismatch`; `SystemError` where a folder cannot be read.
    init(_ repository: Repository, at start: UInt64, old: Old?, expectedSize: Int) throws {
        self.repository = repository
        self.start = start
        heads = try repository.standardDirectory("refs/heads")
        oldEntries = old?.entries
        self.old = SummaryIndex.Reader(old?.index.items ?? [])
        builder = SummaryBuilder(expectedSize: expectedSize, expectedCount: old?.entries.count ?? 0)
        index = SummaryIndex.Writer(expectedSize: old?.index.items.count ?? 0)
        let stamp = FileStamp(try heads.descriptor.status())
        if old != nil, self.old.kind == .folder {
            let known = self.old.stamp
            self.old.pass()
            if known == stamp {
                try keepFolder([], stamp)
            } else {
                try readFolder([], try reopen(), stamp, isKnown: true)
            }
        } else {
            try readFolder([], try reopen(), stamp, isKnown: false)
        }
    }

    /// The summary of the refs, with a serialised dictionary `a{sv}` behind them.
    mutating func finish(metadata: [UInt8]) -> [UInt8] {
        builder.finish(metadata: metadata)
    }

    // MARK: Folders

    /// Takes over a folder that is as it was; the old index is inside it.
    private mutating func keepFolder(_ name: [UInt8], _ stamp: FileStamp) throws {
        _ = index.folder(name, stamp)
        while true {
            switch old.kind {
            case .ref:
                try keepRef(old.stamp)
                old.pass()
            case .folder:
                try visit(old.withName { Array($0) }, isKnown: true)
            case .end:
                old.pass()
                return index.end()
            }
        }
    }

    /// Where the folder is that `prefix` is of, from the outermost one, with a final NUL. Such paths save opening the folders
    /// in between, and keeping them open: names of refs may have many parts.
    private var path: [UInt8] {
        prefix.isEmpty ? [UInt8(ascii: "."), 0] : prefix.dropLast() + [0]
    }

    /// Opens the folder that `prefix` is of; nil where it has gone.
    private func reopen() throws -> Descriptor? {
        try path.withUnsafeBytes {
            try open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, in: heads.descriptor.number)
        }
    }

    /// Looks at a folder in the one that `prefix` is of. Where it is known, the old index is before it.
    private mutating func visit(_ name: [UInt8], isKnown: Bool) throws {
        prefix += name + [UInt8(ascii: "/")]
        defer { prefix.removeLast(name.count + 1) }
        if isKnown,
            let status = try path.withUnsafeBytes({ try RefDirectory.status($0, in: heads.descriptor.number) }
            ),
            status.st_mode & S_IFMT == S_IFDIR, FileStamp(status) == old.stamp
        {
            old.pass()
            return try keepFolder(name, FileStamp(status))
        }
        guard let folder = try reopen() else {
            // It was removed just now, and perhaps replaced by a ref of its name, which the next scan finds: the stamp of
            // the folder above has changed.
            if isKnown { old.passWhole() }
            return
        }
        if isKnown { old.pass() }
        let stamp = FileStamp(try folder.status())
        try readFolder(name, consume folder, stamp, isKnown: isKnown)
    }

    /// Reads a folder. Where it is known, the old index is inside it.
    private mutating func readFolder(
        _ name: [UInt8], _ opened: consuming Descriptor?, _ stamp: FileStamp, isKnown: Bool
    ) throws {
        let place = index.folder(name, stamp.settled(at: start))
        var opened = opened
        let folder = try opened.map { try RefDirectory($0.number) }
        for child in folder?.children ?? [] {
            try folder?.withName(child) { name in
                let isKnown = try isKnown && seek(name, child.kind)
                switch child.kind {
                case .folder:
                    opened = nil
                    try visit(Array(name), isKnown: isKnown)
                case .ref, .alias:
                    if opened == nil { opened = try reopen() }
                    let isListed =
                        try opened.map { try visitRef(name, child.kind, in: $0.number, isKnown: isKnown) }
                        ?? false
                    if isKnown { old.pass() }
                    // An alias goes where its target goes; what could not be listed may be repaired.
                    if !isListed || child.kind == .alias { index.distrust(place) }
                }
            }
        }
        if isKnown {
            while old.kind != .end { old.passWhole() }
            old.pass()
        }
        index.end()
    }

    /// Passes what the old index has before a name.
    ///
    /// - Returns: whether it has that name.
    private mutating func seek(_ name: UnsafeRawBufferPointer, _ kind: RefDirectory.Kind) throws -> Bool {
        while old.kind != .end {
            let order: Int
            let isFolder = old.kind == .folder
            if isFolder {
                order = old.withName { compare($0, true, name, kind == .folder) }
            } else {
                order = compare(try oldName(), false, name, kind == .folder)
            }
            if order == 0 { return true }
            if order > 0 { return false }
            old.passWhole()
        }
        return false
    }

    /// Orders names as the whole names of refs are ordered: folders as if they ended with a slash.
    private func compare(
        _ left: UnsafeRawBufferPointer, _ leftIsFolder: Bool, _ right: UnsafeRawBufferPointer,
        _ rightIsFolder: Bool
    ) -> Int {
        let common = min(left.count, right.count)
        if common > 0, let leftStart = left.baseAddress, let rightStart = right.baseAddress {
            let order = memcmp(leftStart, rightStart, common)
            if order != 0 { return Int(order) }
        }
        func next(_ name: UnsafeRawBufferPointer, _ isFolder: Bool) -> Int {
            name.count > common ? Int(name[common]) : isFolder ? Int(UInt8(ascii: "/")) : 0
        }
        return next(left, leftIsFolder) - next(right, rightIsFolder)
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

    /// The last part of the name of the ref that comes next in the old index.
    private func oldName() throws -> UnsafeRawBufferPointer {
        guard let entry = oldEntries?.entry(old.refsPassed), let name = SummaryEntries.name(entry),
            name.count > prefix.count
        else { throw Mismatch() }
        return UnsafeRawBufferPointer(rebasing: name[prefix.count...])
    }

    /// Takes over the entry of the ref that comes next in the old index.
    private mutating func keepRef(_ stamp: FileStamp) throws {
        guard let entry = oldEntries?.entry(old.refsPassed) else { throw Mismatch() }
        builder.append(copying: entry)
        index.ref(stamp)
    }

    /// Looks at a ref. Where it is known, the old index is before it.
    ///
    /// - Returns: whether it was listed.
    private mutating func visitRef(
        _ name: UnsafeRawBufferPointer, _ kind: RefDirectory.Kind, in folder: Int32, isKnown: Bool
    ) throws -> Bool {
        var stamp = FileStamp.unknown
        if kind == .ref {
            guard let status = try RefDirectory.status(name, in: folder) else { return false }
            stamp = FileStamp(status)
            if isKnown, stamp == old.stamp {
                try keepRef(stamp)
                return true
            }
        }
        let fullName = prefix + name
        guard let file = try open(name, O_RDONLY, in: folder) else {
            // Nothing of a ref that was removed just now; but an alias may stay when what it stands for goes.
            if kind == .alias, try RefDirectory.status(name, in: folder) != nil {
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
        builder.append(name: fullName, commit: commit, facts)
        index.ref(stamp.settled(at: start))
        return true
    }

    /// The commit that a ref's file holds: 64 digits and white space.
    private static func commit(_ file: Descriptor) throws -> Checksum? {
        // An alias may stand for a folder.
        guard try file.status().st_mode & S_IFMT != S_IFDIR else { return nil }
        return try withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { buffer in
            let count = try file.read(into: buffer)
            guard count >= 64 else { return nil }
            let rest = buffer[64..<count]
            guard rest.allSatisfy({ $0 == 0x20 || (0x09...0x0d).contains($0) }) else { return nil }
            return Checksum(hex: String(decoding: buffer[..<64], as: UTF8.self))
        }
    }

    private mutating func commitFacts(_ commit: Checksum) throws -> SummaryBuilder.CommitFacts? {
        if let known = facts[commit] { return known }
        let name = ObjectName(commit, .commit)
        guard
            let read = try repository.ifIntact({
                try repository.load(name) { (size: $0.count, timestamp: try Commit($0, name).timestamp) }
            })
        else { return nil }
        let found = SummaryBuilder.CommitFacts(size: UInt64(read.size), timestamp: read.timestamp)
        facts[commit] = found
        return found
    }
}
