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
        let early = try checkWhileSyncing(tips, scope)
        return try repository.withLocks {
            _ = try repository.finishJournal()
            let results = try check(edits, moves)
            var complete = try readMarks()
            let isUnchanged = early.map { complete.continues($0.complete) } ?? false
            // Another process may have added signatures meanwhile, or published objects and died before they were durable.
            if try mergeDetachedMetadata(merging) || complete.isNew && !isUnchanged {
                try root.descriptor.syncFileSystem()
            }
            let kept = results.contains { $0.outcome == .kept }
            let new = results.lazy.filter { $0.outcome != .kept }.compactMap(\.new)
            let connectivity =
                if let early, isUnchanged, !kept { early } else {
                    try check(connectivityOf: new + scope.commits, complete, scope)
                }
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

    /// Makes durable what was written, which must be so before a name shows it. This takes long, so it comes before the locks; and
    /// what is needed is found meanwhile.
    ///
    /// - Returns: a check that holds as long as the repository loses no object; nil if it has failed.
    private func checkWhileSyncing(_ tips: [Checksum], _ scope: PublicationScope) throws -> ConnectivityCheck?
    {
        // Read before the sync, so that what it finds published is durable afterwards.
        let marks = try readMarks()
        guard repository.workerCount > 0 else {
            try root.descriptor.syncFileSystem()
            return try? check(connectivityOf: tips, marks, scope)
        }
        let outcome = Monitor(Result<Void, any Error>.success(()))
        let descriptor = root.descriptor
        let sync = try Thread {
            let result = Result { try descriptor.syncFileSystem() }
            outcome.withLock { $0 = result.mapError { $0 as any Error } }
        }
        let early = try? check(connectivityOf: tips, marks, scope)
        sync.join()
        try earlyWriting?.finish()
        try outcome.withLock { try $0.get() }
        return early
    }

    private func check(
        connectivityOf commits: [Checksum], _ complete: CompleteTrees, _ scope: PublicationScope
    ) throws -> ConnectivityCheck {
        var connectivity = try ConnectivityCheck(self, complete, goesBehindStored: scope.goesBehindStored)
        for commit in commits { try connectivity.require(commit) }
        return connectivity
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
        let place = place(.commitmeta)
        for entry in try place.directory.entries() {
            guard let commit = Checksum(hex: entry) else { continue }
            let name = ObjectName(commit, .commitmeta)
            guard let stored = try repository.metadata(name), let received = try metadata(name) else {
                continue
            }
            let merged = try merge.merged(stored, received, of: commit)
            if merged == stored {
                try place.remove(commit)
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
        var outcome = ObjectMover.Outcome()
        var count = 0
        for type in types {
            let source = place(type)
            let mover = ObjectMover(
                repository: repository, source: source, countsSpace: complete.allocatedBytes != nil)
            try needed.forEachPart(in: source) { checksums in
                count += checksums.count
                // All of it is there, whatever an interrupted pull of another program had noted.
                if type == .commit {
                    for commit in checksums { try? repository.root.remove("state/\(commit).commitpartial") }
                }
                outcome.add(try mover.move(checksums))
            }
        }
        complete.allocatedBytes? += outcome.allocatedBytes
        try settle(outcome.changed, &complete)
        return count
    }

    /// Shows detached metadata of commits that are here now, in place of what it was merged with.
    private func moveDetachedMetadata(_ complete: inout CompleteTrees) throws {
        let source = place(.commitmeta)
        var changed: Set<String> = []
        try source.forEachFile { entry, commit in
            guard let commit, try repository.contains(ObjectName(commit, .commit)) else { return }
            let path = repository.objectPath(ObjectName(commit, .commitmeta))
            try source.directory.rename(entry, to: repository.objects, path)
            changed.insert(String(path.prefix(2)))
        }
        try settle(changed, &complete)
    }

    /// Makes durable what was moved to directories of `objects/`.
    private func settle(_ changed: Set<String>, _ complete: inout CompleteTrees) throws {
        for prefix in changed { try complete.noteChange(of: prefix) }
        if changed.count > LocalQuarantine.singleSyncs {
            return try repository.objects.descriptor.syncFileSystem()
        }
        for prefix in changed { try repository.objects.directory(prefix).sync() }
        if !changed.isEmpty { try repository.objects.sync() }
    }

    /// More directories than these are synced with the whole file system, on which there is little else since the objects were.
    private static let singleSyncs = 8
}
