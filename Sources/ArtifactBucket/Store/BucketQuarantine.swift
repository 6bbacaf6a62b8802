// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// A quarantine on this machine, for objects that are put into a bucket when they are published.
final class BucketQuarantine: Quarantine {
    let store: BucketStore
    let local: any Quarantine
    /// Takes files that are put before everything has arrived.
    private let early: EarlyPuts?
    /// The bytes that were put and that no entry tells yet.
    let putBytes: PutBytes
    /// Directories of the bucket, by the new ones that take their places.
    private var counterparts: [Checksum: Counterpart] = [:]
    /// Objects that are probably in the bucket.
    private var likely: Set<ObjectName> = []
    private var opened: Set<ObjectName> = []
    /// Indicates that everything has arrived, so that the client is not asked for files.
    var isPublishing = false

    /// A directory that a new one resembles.
    private struct Counterpart {
        let directory: Checksum
        /// Indicates that a ref leads to it.
        let isReferenced: Bool
    }

    init(_ store: BucketStore, local: any Quarantine, early: EarlyPuts?) {
        (self.store, self.local, self.early) = (store, local, early)
        putBytes = early?.bytes ?? PutBytes()
    }

    func contains(_ name: ObjectName) throws -> Bool {
        if try holdsOrKeeps(name) { return true }
        switch name.type {
        // Detached metadata is merged with what is there.
        case .commitmeta: return false
        // To ask the store costs as much as to put, so the client is asked for files unless they are likely to be there.
        case .file where !isPublishing:
            return try store.withObjects { try $0.presenceIfKnown(name) ?? .absent } != .absent
        case .file, .commit, .dirtree, .dirmeta: return try presence(name) != .absent
        }
    }

    func holds(_ name: ObjectName) throws -> Bool { try early?.contains(name) ?? false || local.holds(name) }

    /// Returns true if an object is here or being put, received or left by a predecessor.
    func holdsOrKeeps(_ name: ObjectName) throws -> Bool {
        try early?.contains(name) ?? false || local.contains(name)
    }

    /// Waits for what is put early.
    func finishEarlyPuts() throws {
        guard let names = try early?.finish() else { return }
        store.withObjects { objects in
            for name in names { objects.note(name, .present) }
        }
    }

    /// Finds out if the bucket has an object.
    func presence(_ name: ObjectName) throws -> BucketObjects.Presence {
        try store.withObjects { try $0.presence(name) }
    }

    /// Returns the size in bytes of an object that is here; nil if it is not.
    func sizeOfReceived(_ name: ObjectName) throws -> Int? {
        try local.openReceived(name).map { Int(try $0.status().st_size) }
    }

    /// Looks for an object in the bucket without waiting, unless it is here.
    func prefetch(_ name: ObjectName) throws {
        if try !holdsOrKeeps(name) { store.withObjects { $0.prefetch(name) } }
    }

    func storeHasWhole(_ tree: Checksum) -> Bool {
        // A failure is thrown by `contains`.
        switch try? presence(ObjectName(tree, .dirtree)) {
        case .marked, .referenced: true
        case .absent, .present, nil: false
        }
    }

    func wholeDirectory(_ tree: Checksum) throws -> [UInt8]? {
        storeHasWhole(tree) ? try metadata(ObjectName(tree, .dirtree)) : nil
    }

    var comparesDirectories: Bool { true }

    func storeHasWhole(commit: Checksum) throws -> Bool {
        try presence(ObjectName(commit, .commit)) == .referenced
    }

    func storeHasCut(_ commit: Checksum) throws -> Bool { try store.isCut(commit) }

    func metadata(_ name: ObjectName) throws -> [UInt8]? {
        let received = try local.metadata(name)
        guard let bytes = try received ?? store.metadata(name) else { return nil }
        if name.type == .commit || name.type == .dirtree, opened.insert(name).inserted {
            try prepare(name, bytes, isInBucket: received == nil)
        }
        return bytes
    }

    func expect(_ file: ObjectName) { early?.expect(file) }

    func fragmentSize(of name: ObjectName) -> UInt64 { local.fragmentSize(of: name) }

    func resumePoint(of name: ObjectName) -> ResumePoint? { local.resumePoint(of: name) }

    func receive(_ name: ObjectName, size: UInt64?, from offset: UInt64) throws -> (any IncomingObject)? {
        try local.receive(name, size: size, from: offset)
    }

    func setDetachedMetadata(_ bytes: [UInt8], of commit: Checksum) throws {
        try local.setDetachedMetadata(bytes, of: commit)
    }

    func takeVerdicts(waiting: Bool) -> [ObjectVerdict] { local.takeVerdicts(waiting: waiting) }

    func leave() { local.leave() }

    func discard() { local.discard() }

    /// Forgets what was found in the bucket, since that may be gone.
    func beginAgain() { (counterparts, likely, opened) = ([:], [], []) }

    // MARK: What is there

    /// Finds out which parts of a commit or directory are there: those of the directory in whose place it is, which cost nothing
    /// more where a ref leads to that or it has a mark, and others by requests at the same time.
    private func prepare(_ name: ObjectName, _ bytes: [UInt8], isInBucket: Bool) throws {
        if name.type == .commit {
            let commit = try bytes.withUnsafeBytes { try Commit($0, name) }
            guard let base = try store.base(of: name.checksum, parent: commit.parent) else { return }
            if base.isReferenced {
                store.withObjects { objects in
                    objects.note(ObjectName(base.commit.tree, .dirtree), .referenced)
                    objects.note(ObjectName(base.commit.treeMetadata, .dirmeta), .referenced)
                }
            }
            return replace(base.commit.tree, by: commit.tree, isReferenced: base.isReferenced)
        }
        let tree = try bytes.withUnsafeBytes { try DirTree($0, name) }
        if let counterpart = counterparts[name.checksum] { try compare(tree, with: counterpart) }
        try tree.forEachPart { part in
            guard try !holds(part) else { return }
            if part.type == .file, !isInBucket, !isPublishing, !isLikely(part) { return }
            store.withObjects { $0.prefetch(part) }
        }
    }

    /// Returns true if a file is probably in the bucket, so that it is asked about: one of a directory that this one resembles, or
    /// one that an interrupted push has put.
    private func isLikely(_ file: ObjectName) -> Bool { likely.contains(file) || local.wasTaken(file) }

    private func replace(_ old: Checksum, by new: Checksum, isReferenced: Bool) {
        guard old != new, counterparts[new] == nil else { return }
        counterparts[new] = Counterpart(directory: old, isReferenced: isReferenced)
        store.withObjects { $0.prefetchContents(of: ObjectName(old, .dirtree)) }
    }

    private func compare(_ tree: DirTree, with counterpart: Counterpart) throws {
        let name = ObjectName(counterpart.directory, .dirtree)
        guard let bytes = try store.metadata(name) else { return }
        let old = try bytes.withUnsafeBytes { try DirTree($0, name) }
        if counterpart.isReferenced {
            try store.withObjects { objects in try old.forEachPart { objects.note($0, .referenced) } }
        } else if try presence(name) == .marked {
            // A mark vouches for everything below, so the directories there count as marked too.
            try store.withObjects { objects in
                try old.forEachPart { objects.note($0, $0.type == .dirtree ? .marked : .present) }
            }
        } else {
            for file in old.files { likely.insert(ObjectName(file.checksum, .file)) }
        }
        let directories = Dictionary(old.directories.map { ($0.name, $0.tree) }) { first, _ in first }
        for directory in tree.directories {
            guard let other = directories[directory.name] else { continue }
            replace(other, by: directory.tree, isReferenced: counterpart.isReferenced)
        }
    }
}
