// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc
import SystemCalls

extension LocalQuarantine {
    /// Makes everything that was received and is needed visible and durable, then moves the refs.
    ///
    /// In order, so that nothing is visible before what it needs is durable: what was written; file, dirmeta, dirtree and
    /// commit objects; detached metadata; refs. Only other publications and `ostree prune` have to wait.
    func publish(
        _ edits: [RefEdit], moves: RefMovePolicy, merging: MetadataMerge, scope: PublicationScope
    ) throws -> [RefEditResult] {
        try settle()
        let tips = edits.compactMap(\.new) + scope.commits
        try checkDetachedMetadata(of: tips)
        _ = try mergeDetachedMetadata(merging)
        // What was written must be durable before a name shows it; this takes long, so it comes before the locks.
        try root.descriptor.syncFileSystem()
        return try repository.withLocks {
            _ = try repository.finishJournal()
            let results = try check(edits, moves)
            var complete = try CompleteTrees(repository)
            // Another process may have added signatures meanwhile, or published objects and died before they were durable.
            if try mergeDetachedMetadata(merging) || complete.isNew {
                try root.descriptor.syncFileSystem()
            }
            forgetStored(unless: complete)
            var connectivity = try ConnectivityCheck(
                self, complete, goesBehindStored: scope.goesBehindStored)
            for result in results where result.outcome != .kept {
                if let new = result.new { try connectivity.require(new) }
            }
            for commit in scope.commits { try connectivity.require(commit) }
            try holdRoom(for: edits)
            var shown = 0
            for types in [[ObjectType.file, .dirmeta], [.dirtree], [.commit]] {
                shown += try move(types, connectivity.needed, &complete)
            }
            guard shown == connectivity.needed.count else {
                throw lostStamps(shown, of: connectivity.needed.count)
            }
            try moveDetachedMetadata(&complete)
            try incoming.remove(LocalQuarantine.room)
            // All their objects are there, whatever an interrupted pull of another program had noted.
            for commit in tips { try? repository.root.remove("state/\(commit).commitpartial") }
            try repository.move(results.filter { $0.outcome == .moved })
            connectivity.markStored()
            complete.save()
            return results
        }
    }

    private static let room = "room"

    /// Takes the disk that refs and their journal will need, so that a full one shows before the first object does.
    private func holdRoom(for edits: [RefEdit]) throws {
        let newDirectories = try Set(edits.flatMap(\.ref.parents)).filter {
            try !repository.root.contains(repository.refFile($0))
        }
        let blocks = 4 + newDirectories.count + 2 * edits.count
        try incoming.remove(LocalQuarantine.room)
        let file = try incoming.createFile(LocalQuarantine.room)
        let code = posix_fallocate(file.number, 0, off_t(blocks * 4096))
        // A file system, or a container, that cannot set room aside is no obstacle.
        guard [0, EINTR, EINVAL, EOPNOTSUPP, ENOSYS, EPERM].contains(code) else {
            throw SystemError("make room for refs in \(repository.path)", code: code)
        }
    }

    /// Checks all refs before the first object is shown.
    private func check(_ edits: [RefEdit], _ moves: RefMovePolicy) throws -> [RefEditResult] {
        try repository.check(edits, moves: moves)
        return try edits.map { edit in
            let result = try edit.result(at: repository.commit(of: edit.ref), moves: moves)
            try edit.check(result, moves: moves, parent: parent)
            return result
        }
    }

    /// Adds to received detached metadata what the repository has for the same commit, and drops what brings nothing new.
    ///
    /// - Returns: true if something was written.
    private func mergeDetachedMetadata(_ merge: MetadataMerge) throws -> Bool {
        var isWritten = false
        for entry in try place(.commitmeta).entries() {
            guard let commit = Checksum(hex: entry) else { continue }
            let name = ObjectName(commit, .commitmeta)
            guard let stored = try repository.metadata(name), let received = try metadata(name) else {
                continue
            }
            let merged = try merge.merged(stored, received, of: commit)
            if merged == stored {
                try place(.commitmeta).remove(entry)
            } else if merged != received {
                try setDetachedMetadata(merged, of: commit)
                isWritten = true
            }
        }
        return isWritten
    }

    /// The error for a file system that does not keep the times that were set: objects would be missing.
    private func lostStamps(_ shown: Int, of count: Int) -> RepositoryError {
        RepositoryError(
            .library,
            "no ref of \(repository.path) is moved, since only \(shown) of \(count) new objects have the time that they were "
                + "given: put the repository on a file system that keeps times of files")
    }

    /// Shows the objects of some types that are needed.
    ///
    /// - Returns: the number of objects.
    private func move(
        _ types: [ObjectType], _ needed: RequiredObjects, _ complete: inout CompleteTrees
    ) throws -> Int {
        var touched = TouchedDirectories()
        var count = 0
        for type in types {
            let directory = place(type)
            // OSTree gives files of bare repositories this time, since they are linked into checkouts.
            let time = type == .file && repository.mode != .archive ? timespec() : nil
            try directory.forEachEntry { entry in
                guard let checksum = Checksum(hex: entry), let status = try directory.status(of: entry),
                    needed.contains(ObjectName(checksum, type), status)
                else { return }
                count += 1
                if let time { try directory.setModificationTime(entry, time) }
                // All of it is there, whatever an interrupted pull of another program had noted.
                if type == .commit { try? repository.root.remove("state/\(entry).commitpartial") }
                if try move(entry, of: directory, to: ObjectName(checksum, type), replace: false, &touched) {
                    complete.allocatedBytes? += UInt64(status.st_blocks) * 512
                }
            }
        }
        try touched.settle(in: repository, &complete)
        return count
    }

    /// Shows detached metadata of commits that are here now, in place of what it was merged with.
    private func moveDetachedMetadata(_ complete: inout CompleteTrees) throws {
        let directory = place(.commitmeta)
        var touched = TouchedDirectories()
        try directory.forEachEntry { entry in
            guard let commit = Checksum(hex: entry), try repository.contains(ObjectName(commit, .commit))
            else {
                return
            }
            _ = try move(
                entry, of: directory, to: ObjectName(commit, .commitmeta), replace: true, &touched)
        }
        try touched.settle(in: repository, &complete)
    }

    /// - Returns: true if it was not there.
    private func move(
        _ entry: String, of directory: Directory, to name: ObjectName, replace: Bool,
        _ touched: inout TouchedDirectories
    ) throws -> Bool {
        let path = repository.objectPath(name)
        let prefix = String(path.prefix(2))
        if touched.prepared.insert(prefix).inserted {
            try repository.objects.makeDirectory(prefix, mayExist: true)
        }
        if replace {
            try directory.rename(entry, to: repository.objects, path)
        } else if try !directory.renameUnlessPresent(entry, to: repository.objects, path) {
            try directory.remove(entry)
            return false
        }
        touched.changed.insert(prefix)
        return true
    }
}

/// The directories of `objects/` that a step of a publication has to do with.
private struct TouchedDirectories {
    /// Those that are known to exist.
    var prepared: Set<String> = []
    /// Those that something was moved to.
    var changed: Set<String> = []

    /// More directories than these are synced with the whole file system, on which there is little else since the objects were.
    private static let singleSyncs = 8

    /// Makes durable what was moved.
    func settle(in repository: Repository, _ complete: inout CompleteTrees) throws {
        for prefix in changed { try complete.noteChange(of: prefix) }
        if changed.count > TouchedDirectories.singleSyncs {
            return try repository.objects.descriptor.syncFileSystem()
        }
        for prefix in changed { try repository.objects.directory(prefix).sync() }
        if !changed.isEmpty { try repository.objects.sync() }
    }
}
