// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A quarantine in the repository's own `tmp`, so that publication is a matter of renaming.
///
/// One directory for each type holds the objects that were received and verified, under their checksums; `incoming` holds files
/// that are being written, and fragments that a predecessor has left. `salvage` holds objects that were not received now: the verified ones of an interrupted predecessor,
/// and second names of objects that the repository had when they were offered, in case it loses them.
final class LocalQuarantine: Quarantine {
    let repository: Repository
    private let home: QuarantineDirectory
    private let places: [ObjectType: QuarantinePlace]
    let salvage: Directory
    let incoming: Directory
    /// True if `salvage` holds objects of a predecessor.
    private let hasSalvage: Bool
    /// True if the peer was told that it need not send what the repository has, which must last then.
    private let isPush: Bool
    /// The marks of complete trees, as they were at the first use; nil before that, or if they cannot be read.
    private var marks: CompleteTrees??
    /// Objects that the repository had when they were looked for, as far as they were looked for after `marks` was read.
    private var stored: Set<ObjectName> = []
    /// The objects that this holds, as far as they are noted in memory.
    private(set) var held: HeldObjects
    private let absentDirectories: AbsentDirectories
    private let workers: ObjectWorkers
    /// Nil where nothing here has to be durable.
    let earlyWriting: EarlyWriting?
    private var fileCount = 0
    /// Fragments of a predecessor, with their sizes in bytes.
    private var fragments: [Checksum: (fragment: Fragment, size: UInt64)] = [:]
    /// The files that did not stay here; nil without a taker.
    let taken: TakenFiles?
    /// True if another quarantine may take over what this one leaves.
    private let isResumable: Bool

    init(
        _ repository: Repository, _ purpose: QuarantinePurpose, isSpool: Bool = false,
        taker: VerifiedFileTaker? = nil
    ) throws {
        self.repository = repository
        held = HeldObjects(limit: repository.rememberedObjects, notesFiles: taker == nil)
        let absentDirectories = try AbsentDirectories(of: repository.objects)
        self.absentDirectories = absentDirectories
        // The directories of a shared repository belong to its group, which those made in a quarantine might not do.
        let makesDirectories = !isSpool && !repository.permissions.isShared
        home = try QuarantineDirectory(in: try repository.standardDirectory("tmp"), purpose)
        let root = home.directory
        earlyWriting = isSpool || repository.workerCount == 0 ? nil : EarlyWriting(root.descriptor)
        try root.makeDirectory(QuarantineDirectory.salvage, mode: 0o700, mayExist: true)
        let salvage = try root.directory(QuarantineDirectory.salvage)
        try root.makeDirectory("incoming", mode: 0o700, mayExist: true)
        let incoming = try root.directory("incoming")
        fragments = try Fragment.takeOver(in: incoming)
        fileCount = fragments.values.map(\.fragment.number).max() ?? 0
        isResumable = purpose != .transient
        var noting: VerifiedFileTaker?
        if let taker {
            let files = try TakenFiles(in: root)
            noting = files.noting(taker)
            taken = files
        } else {
            taken = nil
        }
        var places: [ObjectType: QuarantinePlace] = [:]
        for type in ObjectType.allCases {
            try root.makeDirectory(type.rawValue, mode: 0o700, mayExist: true)
            let place = QuarantinePlace(
                type: type, directory: try root.directory(type.rawValue),
                newDirectories: type == .file && makesDirectories ? absentDirectories : nil,
                incoming: incoming,
                mode: repository.mode, fileMode: repository.permissions.fileMode,
                taker: type == .file ? noting : nil)
            try LocalQuarantine.empty(place, into: salvage)
            places[type] = place
        }
        (self.places, self.salvage, self.incoming) = (places, salvage, incoming)
        if case .resumable(.pull, _) = purpose { isPush = false } else { isPush = true }
        hasSalvage = try !salvage.isEmpty()
        workers = try ObjectWorkers(count: repository.workerCount)
        try home.renewAge()
    }

    /// Moves the verified objects of a predecessor to `salvage`. Its commits are sent again by those that want them.
    private static func empty(_ place: QuarantinePlace, into salvage: Directory) throws {
        let directory = place.directory
        try place.forEachFile { path, checksum in
            switch place.type {
            case .file, .dirtree, .dirmeta:
                guard let checksum, let status = try directory.status(of: path),
                    QuarantinePlace.isComplete(status)
                else {
                    return try directory.remove(path)
                }
                try directory.rename(path, to: salvage, ObjectName(checksum, place.type).fileName)
            case .commit, .commitmeta: try directory.remove(path)
            }
        }
    }

    func leave() {
        workers.stop(keepingWaiting: true)
        // An empty one is of no use to a successor.
        if taken?.flush() != true, places.values.allSatisfy({ (try? $0.isEmpty()) ?? false }),
            (try? salvage.isEmpty()) == true, (try? Fragment.isAny(in: incoming)) == false
        {
            discard()
        }
    }

    func discard() {
        workers.stop(keepingWaiting: false)
        home.discard()
    }

    /// The directory of the quarantine.
    var root: Directory { home.directory }

    func place(_ type: ObjectType) -> QuarantinePlace {
        // Every type has its place, made in init.
        places[type]!
    }

    func holds(_ name: ObjectName) throws -> Bool {
        try held.has(name) ?? place(name.type).contains(name.checksum)
    }

    func contains(_ name: ObjectName) throws -> Bool {
        if held.has(name) == true { return true }
        if try !absentDirectories.includePlace(of: name.checksum) && repository.contains(name) {
            noteStored(name)
            return true
        }
        if try holds(name) || hasSalvage && salvage.contains(name.fileName) { return true }
        held.noteAbsence(of: name)
        return false
    }

    /// Notes that the repository has an object.
    func noteStored(_ name: ObjectName) {
        if marks != nil, stored.count < repository.rememberedObjects { stored.insert(name) }
    }

    /// Returns true if the repository had an object when it was looked for.
    func wasStored(_ name: ObjectName) -> Bool { stored.contains(name) }

    /// Forgets which objects the repository had, if it may have lost any since.
    private func forgetStored(unless complete: CompleteTrees) {
        if let marks = marks ?? nil, complete.continues(marks) { return }
        stored = []
    }

    /// Reads the marks of complete trees again, and forgets what was found in the repository if that may have lost any of it.
    func readMarks() throws -> CompleteTrees {
        let complete = try CompleteTrees(repository, continuing: marks ?? nil)
        forgetStored(unless: complete)
        marks = complete
        return complete
    }

    func storeHasWhole(_ tree: Checksum) -> Bool { openWhole(tree) != nil }

    func wholeDirectory(_ tree: Checksum) throws -> [UInt8]? {
        try openWhole(tree)?.readAll(limit: Commit.maximumMetadataSize)
    }

    /// Opens a directory of the repository that has a mark; nil for another one.
    private func openWhole(_ tree: Checksum) -> Descriptor? {
        let path = repository.objectPath(ObjectName(tree, .dirtree))
        if marks == nil { marks = .some(try? CompleteTrees(repository)) }
        guard let marks = marks ?? nil, let file = try? repository.objects.openFile(path),
            marks.height(of: file) != nil
        else { return nil }
        return file
    }

    func storeHasWhole(commit: Checksum) throws -> Bool { try repository.hasWhole(commit) }

    func storeHasCut(_ commit: Checksum) throws -> Bool { try repository.isCut(commit) }

    func metadata(_ name: ObjectName) throws -> [UInt8]? {
        if let bytes = held.bytes(of: name) { return bytes }
        if held.has(name) != false, let file = try place(name.type).fileIfPresent(name.checksum) {
            return try file.readAll(limit: Commit.maximumMetadataSize)
        }
        if let bytes = try repository.metadata(name) { return bytes }
        return try salvage.fileIfPresent(name.fileName)?.readAll(limit: Commit.maximumMetadataSize)
    }

    func fragmentSize(of name: ObjectName) -> UInt64 {
        guard name.type == .file, let (fragment, size) = fragments[name.checksum] else { return 0 }
        // At least one byte is left to be sent, since web servers refuse to send none.
        return max(1, min(size, fragment.total ?? size)) - 1
    }

    func resumePoint(of name: ObjectName) -> ResumePoint? {
        guard let size = fragments[name.checksum]?.fragment.total else { return nil }
        return ResumePoint(offset: fragmentSize(of: name), size: size)
    }

    func receive(_ name: ObjectName, size: UInt64?, from offset: UInt64) throws -> (any IncomingObject)? {
        if name.type != .file, let size, size > Commit.maximumMetadataSize {
            throw RepositoryError.badObject(
                name, "it has \(size) bytes, and metadata at most \(Commit.maximumMetadataSize)")
        }
        switch name.type {
        case .file, .dirtree, .dirmeta:
            let isAbsent = held.takeAbsence(of: name)
            if try isPush && !isAbsent && keepInSalvage(name) || hasSalvage && takeFromSalvage(name) {
                return nil
            }
        case .commit, .commitmeta: break
        }
        let place = place(name.type)
        guard name.type == .file else { return IncomingMetadata(name, place, of: self) }
        held.begin(name)
        earlyWriting?.note(bytes: size)
        let fragment = try takeFragment(of: name, size: size, offset)
        let isLarge = size.map { $0 > Fragment.minimumSize } ?? false
        let job = FileJob(name, place, fragment, from: offset, keepsFragment: isResumable && isLarge)
        return IncomingFile(job, size: size, workers)
    }

    /// Takes the fragment that a file is continued behind, or a new one where it is received from its beginning.
    private func takeFragment(of name: ObjectName, size: UInt64?, _ offset: UInt64) throws -> Fragment {
        let left = fragments.removeValue(forKey: name.checksum)
        if let (fragment, length) = left {
            if offset > 0, offset <= length, fragment.total == nil || size == nil || fragment.total == size {
                return fragment
            }
            try incoming.remove(fragment.fileName)
        }
        guard offset == 0 else {
            throw RepositoryError.badObject(
                name,
                "it is continued at byte \(offset) of \(size.map(String.init) ?? "an unknown number"), and "
                    + "what is here does not fit")
        }
        fileCount += 1
        return Fragment(name.checksum, total: size, number: fileCount)
    }

    func setDetachedMetadata(_ bytes: [UInt8], of commit: Checksum) throws {
        let name = ObjectName(commit, .commitmeta)
        try place(.commitmeta).remove(commit)
        guard let object = try receive(name, size: nil) else { return }
        try bytes.withUnsafeBytes(object.write)
        try object.finish()
    }

    func takeVerdicts(waiting: Bool) -> [ObjectVerdict] {
        let verdicts = workers.takeVerdicts(waiting: waiting)
        for verdict in verdicts { held.end(verdict.name, isHeld: verdict.failure == nil) }
        return verdicts
    }

    /// Notes a metadata object that is here now.
    func noteHeld(_ name: ObjectName, _ bytes: [UInt8]) { held.insert(name, bytes: bytes) }

    /// Links an object of the repository into `salvage`, in case it is pruned before this push is published.
    ///
    /// - Returns: true if the repository has it.
    private func keepInSalvage(_ name: ObjectName) throws -> Bool {
        if absentDirectories.includePlace(of: name.checksum) { return false }
        do {
            let path = repository.objectPath(name)
            // Publication could not set the time of another user's file.
            guard try !repository.permissions.isShared || isOurs(path) else {
                return try repository.contains(name)
            }
            return try repository.objects.link(path, to: salvage, name.fileName)
        } catch {
            // It has a second name already, or cannot have one more; publication checks that it is still there.
            return try repository.contains(name)
        }
    }

    private func isOurs(_ path: String) throws -> Bool {
        try geteuid() == 0 || repository.objects.status(of: path)?.st_uid == geteuid()
    }

    /// Moves an object from `salvage` to the received ones.
    func takeFromSalvage(_ name: ObjectName) throws -> Bool {
        do {
            guard try place(name.type).take(name.fileName, from: salvage, as: name.checksum) else {
                return false
            }
            held.insert(name)
            return true
        } catch {
            return try error.absence() ?? false
        }
    }
}

extension Repository: ArtifactStore {
    /// The path.
    public var location: String { path }

    /// Makes a place for objects on their way to another store, which is offered small files as soon as they are verified. In an
    /// archive repository alone.
    package func makeQuarantine(
        _ purpose: QuarantinePurpose, taking taker: VerifiedFileTaker?
    ) throws -> any Quarantine {
        try LocalQuarantine(self, purpose, isSpool: true, taker: taker)
    }

    /// Makes a place for new objects that no reader sees.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        guard mode != .bare || geteuid() == 0 else {
            throw RepositoryError(
                .unsuitableMode,
                "repository \(path) is of mode bare, whose files have owners that only root can set: run this as root, "
                    + "or use a repository of mode archive, bare-user or bare-user-only")
        }
        return try LocalQuarantine(self, purpose)
    }

    /// Completes or undoes interrupted edits of refs, and removes leftover quarantines, as receivers do when they start.
    public func recoverAll() throws -> RecoveryReport {
        var report = try recoverRefs()
        report.removedQuarantines = try QuarantineDirectory.removeLeftovers(in: standardDirectory("tmp"))
        return report
    }
}
