// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

/// Where in a quarantine the objects of one type go, and where they are written before they are known to be right.
struct QuarantinePlace {
    let directory: Directory
    let incoming: Directory
    let counter: Counter

    final class Counter {
        private var value = 0
        func next() -> String {
            value += 1
            return "\(value)"
        }
    }

    func makeFile() throws -> QuarantinedFile {
        try QuarantinedFile(in: incoming, named: counter.next())
    }
}

/// A quarantine in the repository's own `tmp`, so that publication is a matter of renaming.
///
/// One folder for each type holds what was verified, under its checksum; `incoming` holds what is being written.
final class LocalQuarantine: Quarantine {
    private let repository: Repository
    private let folder: QuarantineFolder
    private let places: [ObjectType: QuarantinePlace]

    init(_ repository: Repository, _ purpose: QuarantinePurpose) throws {
        self.repository = repository
        let temporary = try repository.root.directory("tmp")
        folder = try QuarantineFolder(in: temporary, isResumable: purpose != .transient)
        let root = folder.directory
        // What was not complete when its owner died is of no use, and commits without their trees would be in the way.
        for stale in ["incoming", ObjectType.commit.rawValue, ObjectType.commitmeta.rawValue] {
            try root.removeTree(stale)
        }
        let counter = QuarantinePlace.Counter()
        var places: [ObjectType: QuarantinePlace] = [:]
        try root.makeDirectory("incoming", mode: 0o700)
        let incoming = try root.directory("incoming")
        for type in ObjectType.allCases {
            try root.makeDirectory(type.rawValue, mode: 0o700, mayExist: true)
            places[type] = QuarantinePlace(
                directory: try root.directory(type.rawValue), incoming: incoming, counter: counter)
        }
        self.places = places
    }

    func leave() {
        // The folder's owner decides when it goes.
    }

    func discard() {
        folder.remove()
    }

    private func place(_ type: ObjectType) -> QuarantinePlace {
        // Every type has its place, made in init.
        places[type]!
    }

    private func holds(_ name: ObjectName) -> Bool {
        place(name.type).directory.contains(name.checksum.hex)
    }

    func contains(_ name: ObjectName) -> Bool {
        repository.contains(name) || holds(name)
    }

    func metadata(_ name: ObjectName) throws -> [UInt8]? {
        if let file = try? place(name.type).directory.openFile(name.checksum.hex) {
            return try file.readAll(limit: Commit.maximumMetadataSize)
        }
        return try repository.metadata(name)
    }

    func receive(_ name: ObjectName, size: UInt64?) throws -> (any IncomingObject)? {
        if name.type != .file, let size, size > Commit.maximumMetadataSize {
            throw RepositoryError.badObject(
                name, "it has \(size) bytes, and metadata at most \(Commit.maximumMetadataSize)")
        }
        switch name.type {
        case .file:
            if repository.contains(name) { return nil }
            return repository.mode == .archive
                ? try IncomingArchivedFile(name, place: place(.file))
                : try IncomingBareFile(name, place: place(.file), mode: repository.mode)
        case .dirtree, .dirmeta:
            if repository.contains(name) { return nil }
        case .commit, .commitmeta: break
        }
        return IncomingMetadata(name, place: place(name.type))
    }

    func publish(_ changes: [RefChange], replaceDetachedMetadata: Bool) throws -> [RefOutcome] {
        try checkDetachedMetadata(changes)
        // What was written must be durable before a name shows it.
        try folder.directory.descriptor.syncFileSystem()
        return try repository.withSharedLock {
            var closure = ClosureCheck(self)
            for commit in try place(.commit).directory.entries().compactMap({ Checksum(hex: $0) }) {
                try closure.require(commit)
            }
            for change in changes { try closure.require(change.new) }
            return try repository.withRefLock {
                // All refs are looked at before the first object is shown.
                try repository.check(changes)
                for change in changes { try checkDescent(change) }
                for type in [ObjectType.file, .dirmeta, .dirtree, .commit] { try move(type, replace: false) }
                try move(.commitmeta, replace: replaceDetachedMetadata)
                let outcomes = try changes.map(apply)
                try repository.syncFolders(of: changes.map(\.ref))
                return outcomes
            }
        }
    }

    private func checkDetachedMetadata(_ changes: [RefChange]) throws {
        for entry in try place(.commitmeta).directory.entries() {
            guard let commit = Checksum(hex: entry) else { continue }
            guard holds(ObjectName(commit, .commit)) || changes.contains(where: { $0.new == commit }) else {
                throw RepositoryError.badObject(
                    ObjectName(commit, .commitmeta),
                    "it is detached metadata of a commit that is not part of this push")
            }
        }
    }

    private func move(_ type: ObjectType, replace: Bool) throws {
        let directory = place(type).directory
        var touched: Set<String> = []
        try directory.forEachEntry { entry in
            guard let checksum = Checksum(hex: entry) else { return }
            let path = repository.objectPath(ObjectName(checksum, type))
            let folder = String(path.prefix(2))
            if touched.insert(folder).inserted {
                try repository.objects.makeDirectory(folder, mayExist: true)
            }
            if replace {
                try directory.rename(entry, to: repository.objects, path)
            } else if try !directory.renameUnlessPresent(entry, to: repository.objects, path) {
                try directory.remove(entry)
            }
        }
        for folder in touched { try repository.objects.directory(folder).sync() }
        if !touched.isEmpty { try repository.objects.sync() }
    }

    private func apply(_ change: RefChange) throws -> RefOutcome {
        let outcome = try change.outcome(current: repository.commit(of: change.ref))
        if case .moved = outcome {
            try repository.clearPlace(of: change.ref)
            try repository.set(change.ref, to: change.new)
        }
        // The closure is complete, whatever an interrupted pull of another program had noted.
        try? repository.root.remove("state/\(change.new).commitpartial")
        return outcome
    }

    /// A ref that must move forward: its commit is among the ancestors of the new one.
    private func checkDescent(_ change: RefChange) throws {
        guard case .commit(let old) = change.expectation, old != change.new else { return }
        var next: Checksum? = change.new
        while let commit = next {
            let name = ObjectName(commit, .commit)
            guard let bytes = try metadata(name) else { break }
            next = try bytes.withUnsafeBytes { try Commit($0, name) }.parent
            if next == old { return }
        }
        throw RepositoryError(
            .notFastForward,
            "ref \(change.ref) cannot move from \(old) to \(change.new): the new commit does not descend from the old one"
        )
    }
}

extension Repository: ArtifactStore {
    /// Completes, or drops, changes of refs that a crash of an earlier process cut short.
    public func recover() throws {}

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
