// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// The record of dirtrees that are complete, all the way down, so that a push or pull checks only what it brings.
///
/// A complete dirtree carries a mark: an extended attribute with the repository's current generation and the tree's
/// height. Marks hold as long as no object is removed. So each publication records the modification times of the
/// directories of `objects/`. Other times mean that another program has changed objects (`ostree prune` first of all):
/// then a new generation begins, and all marks are void.
///
/// The kernel's clock ticks slowly, so two changes within a tick could leave a directory with the same time. Hence a
/// publication gives each directory that it changes a random time in the recent past, which no other change leaves. Only
/// the owner of a directory may do that; for another member of a group the publication waits for the next tick instead.
struct CompleteTrees {
    private static let path = "state/bst-artifact-complete"
    private static let attribute = "user.bst-artifact.complete"
    private static let magic: UInt64 = 0x3150_4D4F_4354_5342
    private static let directoryNames = (0..<256).map { (number: Int) -> String in
        (number < 16 ? "0" : "") + String(number, radix: 16)
    }

    private let repository: Repository
    /// The generation in marks of complete trees.
    private var generation: UInt64
    /// Indicates a generation that is not recorded yet.
    private(set) var isNew: Bool
    /// Indicates that whatever changes a directory from now on gives it another time than the one in `times`.
    private let noticesChanges: Bool
    /// The modification times of the 256 directories of `objects/`.
    private var times: [timespec]
    /// The latest modification time of a directory of another user, whose time this process may not set.
    private var foreignTime: timespec?
    /// Indicates that there is something to record.
    private var isChanged = false
    /// The disk space of all objects in bytes; nil if that is not known.
    var allocatedBytes: UInt64? {
        didSet { isChanged = true }
    }

    /// Reads what is remembered. Who saves it holds the ref lock.
    ///
    /// - Parameter earlier: what was read before. If that began a generation, and no directory has changed since, this goes on
    ///   with it.
    init(_ repository: Repository, continuing earlier: CompleteTrees? = nil) throws {
        self.repository = repository
        let start = CompleteTrees.coarseTime()
        times = try CompleteTrees.directoryNames.map { name in
            try repository.objects.status(of: name)?.st_mtim ?? timespec()
        }
        noticesChanges = times.allSatisfy { start.isLater(than: $0) }
        let recorded = (try? CompleteTrees.record(of: repository)) ?? nil
        generation = recorded?.generation ?? .random(in: 1 ... .max)
        allocatedBytes = recorded?.allocatedBytes
        isNew = false
        if try recorded?.words != words() {
            if let earlier, earlier.isNew, earlier.noticesChanges, times.elementsEqual(earlier.times, by: ==)
            {
                generation = earlier.generation
            } else {
                generation = .random(in: 1 ... .max)
            }
            (isNew, isChanged, allocatedBytes) = (true, true, nil)
        }
    }

    private static func record(
        of repository: Repository
    ) throws -> (words: [UInt64], generation: UInt64, allocatedBytes: UInt64?)? {
        let bytes = try repository.root.openFile(path).readAll(limit: 65536)
        guard bytes.count % 8 == 0, bytes.count > 16 else { return nil }
        let words = bytes.withUnsafeBytes { raw in
            stride(from: 0, to: raw.count, by: 8).map {
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self))
            }
        }
        return (words, words[1], words[2] == .max ? nil : words[2])
    }

    /// The record, given the directories' times; a copy of the repository has another identity.
    private func words() throws -> [UInt64] {
        let status = try repository.objects.descriptor.status()
        return [
            CompleteTrees.magic, generation, allocatedBytes ?? .max, UInt64(status.st_dev),
            UInt64(status.st_ino),
        ] + times.flatMap { [UInt64(bitPattern: Int64($0.tv_sec)), UInt64($0.tv_nsec)] }
    }

    /// Returns true if no object has been removed since `earlier` was read.
    func continues(_ earlier: CompleteTrees) -> Bool { generation == earlier.generation }

    /// The height of a dirtree, if it is known to be complete: how many directories there are on its longest way down,
    /// itself included.
    func height(of tree: Descriptor) -> Int? {
        guard let value = try? tree.attribute(CompleteTrees.attribute),
            value.count == 10, value[..<8].elementsEqual(bytes(of: generation))
        else { return nil }
        return Int(value[8]) | Int(value[9]) << 8
    }

    /// Marks a dirtree.
    ///
    /// - Returns: true if the mark will be found again.
    func mark(_ tree: Descriptor, height: Int) -> Bool {
        guard let height = UInt16(exactly: height) else { return false }
        let value = bytes(of: generation) + [UInt8(truncatingIfNeeded: height), UInt8(height >> 8)]
        return (try? tree.setAttribute(CompleteTrees.attribute, to: value)) != nil
    }

    private func bytes(of word: UInt64) -> [UInt8] {
        withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }

    /// Gives a directory of `objects/` that was changed by a publication a time of its own.
    mutating func noteChange(of directory: String) throws {
        guard let number = Int(directory, radix: 16), number < times.count else {
            return
        }
        var isForeign = false
        do {
            try repository.objects.setModificationTime(
                directory, timespec(tv_sec: time(nil) - 3, tv_nsec: .random(in: 0..<1_000_000_000)))
        } catch {
            guard error.code == EPERM else { throw error }
            isForeign = true
        }
        isChanged = true
        times[number] = try repository.objects.status(of: directory)?.st_mtim ?? timespec()
        if isForeign { foreignTime = times[number] }
    }

    /// Begins a new generation: no tree is known to be complete any more.
    mutating func forget() {
        generation = .random(in: 1 ... .max)
        isChanged = true
    }

    /// Records how the directories were left. What is not recorded costs the next publication time, and nothing else.
    func save() {
        guard isChanged, let words = try? words() else { return }
        if let foreignTime, !CompleteTrees.waitForTick(after: foreignTime) {
            try? repository.root.remove(CompleteTrees.path)
            return
        }
        let name = "complete"
        do {
            _ = try repository.standardDirectory("state")
            let temporary = try repository.standardDirectory("tmp")
            try temporary.remove(name)
            try temporary.createFile(name).writeAll(words.flatMap(bytes))
            try temporary.rename(name, to: repository.root, CompleteTrees.path)
        } catch {
            try? repository.root.remove(CompleteTrees.path)
        }
    }

    /// Waits until the clock that the kernel takes modification times from has moved on from `time`.
    ///
    /// - Returns: false if that takes more than 100 ms.
    static func waitForTick(after time: timespec) -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(100)
        while true {
            if coarseTime().isLater(than: time) { return true }
            guard ContinuousClock.now < deadline else { return false }
            usleep(1000)
        }
    }

    /// The time that a file gets which is changed now.
    private static func coarseTime() -> timespec {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        return now
    }
}

extension timespec {
    fileprivate static func == (one: timespec, other: timespec) -> Bool {
        (one.tv_sec, one.tv_nsec) == (other.tv_sec, other.tv_nsec)
    }

    fileprivate func isLater(than other: timespec) -> Bool {
        (tv_sec, tv_nsec) > (other.tv_sec, other.tv_nsec)
    }
}
