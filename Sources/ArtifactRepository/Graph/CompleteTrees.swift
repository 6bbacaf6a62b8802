// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// Remembers which dirtrees of a repository are complete, all the way down, so that a push or pull looks
/// at nothing but what it brings.
///
/// A dirtree that was found complete carries a mark: an extended attribute with the repository's current generation
/// and the tree's height. Marks hold as long as no object is removed. So the times of the directories of `objects/` are
/// recorded after each publication, and whoever finds others, because something else than a publication has been at
/// work there (`ostree prune` first of all), begins a new generation: all marks are void then.
///
/// The kernel's clock ticks slowly, so two changes within a tick could leave a directory with the same time. Hence each
/// directory that a publication has touched gets a random time in the recent past, which no other change ever leaves. Where
/// another member of a group made the directory, who alone may set such a time, the next tick is waited for instead.
struct CompleteTrees {
    private static let path = "state/bst-artifact-complete"
    private static let attribute = "user.bst-artifact.complete"
    private static let magic: UInt64 = 0x3150_4D4F_4354_5342
    private static let folderNames = (0..<256).map { (number: Int) -> String in
        (number < 16 ? "0" : "") + String(number, radix: 16)
    }

    private let repository: Repository
    /// The generation in marks of complete trees.
    private var generation: UInt64
    /// Indicates that the generation was begun just now, so that there are no marks yet.
    private(set) var isNew: Bool
    /// When the directories of `objects/` were last changed, by their numbers.
    private var times: [timespec]
    /// The latest time of those that the kernel's clock gave to directories of other users, whose times we may not set.
    private var foreignTime: timespec?
    /// Indicates that there is something to record.
    private var isChanged = false
    /// The disk space of all objects in bytes; nil if that is not known.
    private(set) var allocatedBytes: UInt64?

    /// Reads what is remembered. The caller holds the ref lock.
    init(_ repository: Repository) throws {
        self.repository = repository
        times = try CompleteTrees.folderNames.map { name in
            try repository.objects.status(of: name)?.st_mtim ?? timespec()
        }
        let recorded = (try? CompleteTrees.record(of: repository)) ?? nil
        generation = recorded?.generation ?? .random(in: 1 ... .max)
        allocatedBytes = recorded?.allocatedBytes
        isNew = false
        if try recorded?.words != words() {
            generation = .random(in: 1 ... .max)
            (isNew, isChanged, allocatedBytes) = (true, true, nil)
        }
    }

    private static func record(
        of repository: Repository
    ) throws -> (words: [UInt64], generation: UInt64, allocatedBytes: UInt64?)? {
        let bytes = try repository.root.openFile(path).readAll(limit: 65536)
        guard bytes.count % 8 == 0, bytes.count > 16 else { return nil }
        let words = stride(from: 0, to: bytes.count, by: 8).map { start in
            bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
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
        stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
    }

    /// Gives a directory of `objects/` that was changed by a publication a time of its own.
    mutating func noteChange(of folder: String) throws {
        guard let number = Int(folder, radix: 16), number < times.count else {
            return
        }
        var isForeign = false
        do {
            try repository.objects.setModificationTime(
                folder, timespec(tv_sec: time(nil) - 3, tv_nsec: .random(in: 0..<1_000_000_000)))
        } catch {
            guard error.code == EPERM else { throw error }
            isForeign = true
        }
        isChanged = true
        times[number] = try repository.objects.status(of: folder)?.st_mtim ?? timespec()
        if isForeign { foreignTime = times[number] }
    }

    /// Notes how many bytes of disk new objects take.
    mutating func noteAllocation(of bytes: UInt64) {
        allocatedBytes? += bytes
    }

    /// Notes how many bytes of disk removed objects took.
    mutating func noteRelease(of bytes: UInt64) {
        allocatedBytes = allocatedBytes.map { $0 - min($0, bytes) }
    }

    /// Begins a new generation: no tree is known to be complete any more.
    mutating func forget() {
        generation = .random(in: 1 ... .max)
        isChanged = true
    }

    /// Remembers how much disk all objects take, once that was counted.
    mutating func setAllocation(_ bytes: UInt64) {
        isChanged = isChanged || allocatedBytes != bytes
        allocatedBytes = bytes
    }

    /// Records how the directories were left. What is not recorded costs the next publication time, and nothing else.
    func save(temporaryFilesIn folder: Directory) {
        guard isChanged, let words = try? words() else { return }
        if let foreignTime, !FileTime.wait(after: foreignTime) {
            try? repository.root.remove(CompleteTrees.path)
            return
        }
        let name = "complete"
        do {
            _ = try repository.standardDirectory("state")
            try folder.remove(name)
            try folder.createFile(name).writeAll(words.flatMap(bytes))
            try folder.rename(name, to: repository.root, CompleteTrees.path)
        } catch {
            try? repository.root.remove(CompleteTrees.path)
        }
    }
}
