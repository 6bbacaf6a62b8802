// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// A quarantine in the repository's own `tmp`, so that publication is a matter of renaming.
///
/// One folder for each type holds what was received and verified, under its checksum; `incoming` holds what is being
/// written. `reserve` holds what is at hand though it was not received now: what an interrupted predecessor had
/// verified, and second names of objects which the repository had when they were offered, in case that it loses them.
final class LocalQuarantine: Quarantine {
    let repository: Repository
    private let folder: QuarantineFolder
    private let places: [ObjectType: QuarantinePlace]
    let reserve: Directory
    let incoming: Directory
    /// Whether `reserve` holds anything that the repository may not have.
    private let hasInherited: Bool
    /// Whether those who bring objects were told that they need not bring what the repository has, which must last then.
    private let isPush: Bool
    /// What was known to be complete when that was first asked.
    private lazy var marks = try? CompleteTrees(repository)
    private let workers: ObjectWorkers
    private var fileCount = 0

    init(_ repository: Repository, _ purpose: QuarantinePurpose) throws {
        self.repository = repository
        folder = try QuarantineFolder(in: try repository.standardDirectory("tmp"), purpose)
        let root = folder.directory
        try root.makeDirectory("reserve", mode: 0o700, mayExist: true)
        let reserve = try root.directory("reserve")
        // What was not complete when its owner died is of no use.
        try root.removeTree("incoming")
        try root.makeDirectory("incoming", mode: 0o700)
        let incoming = try root.directory("incoming")
        var places: [ObjectType: QuarantinePlace] = [:]
        for type in ObjectType.allCases {
            try root.makeDirectory(type.rawValue, mode: 0o700, mayExist: true)
            let directory = try root.directory(type.rawValue)
            try LocalQuarantine.empty(directory, of: type, into: reserve)
            places[type] = QuarantinePlace(
                directory: directory, incoming: incoming, fileMode: repository.permissions.fileMode)
        }
        (self.places, self.reserve, self.incoming) = (places, reserve, incoming)
        if case .resumable(.pull, _) = purpose { isPush = false } else { isPush = true }
        hasInherited = try !reserve.isEmpty()
        workers = try ObjectWorkers(count: repository.workerCount)
        try folder.keepAge()
    }

    /// Keeps what a predecessor had verified at hand. Its commits come again with those that want them.
    private static func empty(_ directory: Directory, of type: ObjectType, into reserve: Directory) throws {
        try directory.forEachEntry { entry in
            switch type {
            case .file, .dirtree, .dirmeta:
                guard let status = try directory.status(of: entry), QuarantinePlace.isComplete(status) else {
                    return try directory.remove(entry)
                }
                try directory.rename(entry, to: reserve, "\(entry).\(type.rawValue)")
            case .commit, .commitmeta: try directory.remove(entry)
            }
        }
    }

    func leave() {
        workers.stop(keepingWaiting: true)
        // The folder itself decides whether it goes with its owner; one without anything in it is of no use.
        let kept = ObjectType.allCases.map(place) + [reserve]
        if kept.allSatisfy({ (try? $0.isEmpty()) ?? false }) { discard() }
    }

    func discard() {
        workers.stop(keepingWaiting: false)
        folder.discard()
    }

    /// Where all of the quarantine is.
    var root: Directory { folder.directory }

    func place(_ type: ObjectType) -> Directory {
        // Every type has its place, made in init.
        places[type]!.directory
    }

    func holds(_ name: ObjectName) throws -> Bool {
        try place(name.type).contains(name.checksum.hex)
    }

    func contains(_ name: ObjectName) throws -> Bool {
        try repository.contains(name) || holds(name) || hasInherited && reserve.contains(name.fileName)
    }

    func storeHasWhole(_ tree: Checksum) -> Bool {
        let path = repository.objectPath(ObjectName(tree, .dirtree))
        guard let marks, let file = try? repository.objects.openFile(path) else {
            return false
        }
        return marks.height(of: file) != nil
    }

    func metadata(_ name: ObjectName) throws -> [UInt8]? {
        if let file = try place(name.type).fileIfPresent(name.checksum.hex) {
            return try file.readAll(limit: Commit.maximumMetadataSize)
        }
        if let bytes = try repository.metadata(name) { return bytes }
        return try reserve.fileIfPresent(name.fileName)?.readAll(limit: Commit.maximumMetadataSize)
    }

    func receive(_ name: ObjectName, size: UInt64?) throws -> (any IncomingObject)? {
        if name.type != .file, let size, size > Commit.maximumMetadataSize {
            throw RepositoryError.badObject(
                name, "it has \(size) bytes, and metadata at most \(Commit.maximumMetadataSize)")
        }
        switch name.type {
        case .file, .dirtree, .dirmeta:
            if try isPush && reserveFromRepository(name) || hasInherited && takeFromReserve(name) {
                return nil
            }
        case .commit, .commitmeta: break
        }
        guard let place = places[name.type] else { return nil }
        guard name.type == .file else { return IncomingMetadata(name, place: place) }
        fileCount += 1
        return BackgroundFile(
            name, FileStorage(place: place, mode: repository.mode), size: size, temporaryName: "\(fileCount)",
            workers)
    }

    func takeVerdicts(waiting: Bool) -> [ObjectVerdict] {
        workers.takeVerdicts(waiting: waiting)
    }

    /// Where the repository has an object, keeps it at hand, should it be pruned before this push is published.
    ///
    /// - Returns: whether the repository has it.
    private func reserveFromRepository(_ name: ObjectName) throws -> Bool {
        do {
            let path = repository.objectPath(name)
            // Publication could not set the time of another member's.
            guard try !repository.permissions.isShared || isOurs(path) else {
                return try repository.contains(name)
            }
            return try repository.objects.link(path, to: reserve, name.fileName)
        } catch {
            // It has a second name already, or cannot have one more; then publication looks whether it is still there.
            return try repository.contains(name)
        }
    }

    private func isOurs(_ path: String) throws -> Bool {
        try geteuid() == 0 || repository.objects.status(of: path)?.st_uid == geteuid()
    }

    /// Takes an object over that a predecessor had verified.
    func takeFromReserve(_ name: ObjectName) throws -> Bool {
        do {
            return try reserve.renameUnlessPresent(name.fileName, to: place(name.type), name.checksum.hex)
        } catch {
            return try error.absence() ?? false
        }
    }
}

extension Repository: ArtifactStore {
    /// The path.
    public var location: String { path }

    /// Makes a place for new objects that no reader sees.
    public func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        guard mode != .bare else {
            throw RepositoryError(
                .unsuitableMode,
                "repository \(path) is of mode bare, into which nothing can be received: use one of mode archive, "
                    + "bare-user or bare-user-only")
        }
        return try LocalQuarantine(self, purpose)
    }
}
