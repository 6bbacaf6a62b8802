// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

extension Pusher {
    /// Pushes refs and everything that they need into a store that this process reaches itself, without a receiver. All refs
    /// move together or not at all.
    ///
    /// Refs that the store has at another commit, which is not an ancestor of ours, are left and reported, unless the push is
    /// forced or both commits are artifacts.
    ///
    /// - Throws: `RepositoryError`, or what the store throws; then no ref has moved, unless it says that nobody knows.
    package func push(
        _ refs: [(ref: RefName, commit: Checksum)], into store: any ArtifactStore
    ) throws -> PushReport {
        var seen: Set<RefName> = []
        let refs = refs.filter { seen.insert($0.ref).inserted }
        let progress = PushProgress(repository, commits: refs.map(\.commit), options.showProgress)
        let push = StorePush(repository: repository, options: options, store: store, progress: progress)
        var report = try push.run(refs)
        if !options.isDryRun {
            progress.finish()
            (report.objects, report.bytes) = (progress.current.objects, progress.current.bytes)
        }
        return report
    }

    /// Removes refs of a store that this process reaches itself, all or none.
    ///
    /// - Returns: the refs, with the commits that they pointed to.
    /// - Throws: `RepositoryError` with `unknownRef` where there is no such ref.
    package static func delete(
        _ refs: [RefName], in store: any ArtifactStore, isDryRun: Bool
    ) throws -> [RefEditResult] {
        var seen: Set<RefName> = []
        let edits = try refs.filter { seen.insert($0).inserted }.map { ref in
            guard let commit = try store.commit(of: ref) else {
                throw RepositoryError(
                    .unknownRef,
                    "\(store.location) has no ref \(ref), so nothing is deleted: list what it has")
            }
            return RefEdit(ref, from: .mustMatch(commit), to: nil)
        }
        guard isDryRun else { return try store.delete(edits) }
        return edits.map { RefEditResult($0.ref, .moved, from: $0.previous.commit, to: nil) }
    }
}

/// A push into a store that this process reaches itself.
private struct StorePush {
    let repository: Repository
    let options: Pusher.Options
    let store: any ArtifactStore
    let progress: PushProgress

    /// The number of times that objects are brought again, after some were removed meanwhile.
    private static let repetitions = 2
    /// The size of the pieces in which objects are read.
    private static let pieceSize = 256 << 10

    private var moves: RefMovePolicy { options.isForced ? .any : .artifacts }

    func run(_ refs: [(ref: RefName, commit: Checksum)]) throws -> PushReport {
        if !options.isDryRun { try store.recover() }
        var present: [RefName: Checksum] = [:]
        for (ref, _) in refs { present[ref] = try store.commit(of: ref) }
        let unchanged = refs.filter { present[$0.ref] == $0.commit }
        // As by a receiver; a failure does not fail the push.
        if !options.isDryRun { try? store.recordAccess(of: unchanged.map(\.ref)) }
        let metadata = try comparison(unchanged.map(\.commit))
        var plan = try PushPlan(
            refs, told: present, remote: present, metadata: metadata, from: repository,
            replacesAny: options.isForced)
        var report = PushReport()
        if options.isDryRun {
            var walk = ObjectWalk(repository)
            for commit in plan.commits { try walk.visit(commit) { _ in report.objects += 1 } }
        } else if !plan.edits.isEmpty {
            plan.apply(try publish(plan.edits), reparenting: false)
        }
        report.results = plan.results
        for result in plan.results where [.unchanged, .moved].contains(result.outcome) {
            if let commit = result.new, let addition = try metadata.addition(to: commit) {
                report.laterMetadata[result.ref] = .added(addition)
            }
        }
        return report
    }

    /// Looks up the detached metadata that the store has for commits.
    private func comparison(_ commits: [Checksum]) throws -> MetadataComparison {
        var digests: [Checksum: Set<Checksum>] = [:]
        for commit in Set(commits) where try repository.contains(ObjectName(commit, .commitmeta)) {
            digests[commit] = Set(try store.detachedMetadata(of: commit).items.map(\.digest))
        }
        return MetadataComparison(repository: repository, remote: digests)
    }

    private func publish(_ edits: [RefEdit]) throws -> [RefEditResult] {
        try store.check(edits, moves: moves)
        // A new ref is likely to resemble those beside it.
        let new = edits.filter { $0.previous == .mustNotExist }.map(\.ref)
        if !new.isEmpty {
            let similar = try repository.commits(beside: new).map { ObjectName($0, .commit) }
            try store.prefetch(similar)
            for name in similar { _ = try store.contains(name) }
        }
        let purpose = QuarantinePurpose.resumable(
            .push, for: edits.compactMap { edit in edit.new.map { (edit.ref, $0) } })
        let quarantine = try store.makeQuarantine(purpose)
        do {
            let results = try publish(edits, from: quarantine)
            quarantine.discard()
            return results
        } catch {
            // Verified objects are of use to the next attempt.
            if options.cancellation?.isRequested == true { quarantine.leave() } else { quarantine.discard() }
            throw error
        }
    }

    private func publish(_ edits: [RefEdit], from quarantine: any Quarantine) throws -> [RefEditResult] {
        var round = 0
        while true {
            try bring(edits, to: quarantine, trustsMarks: round == 0)
            options.showActivity("publishing")
            do {
                return try quarantine.publish(edits, moves: moves, merging: .keepsStored)
            } catch let error as RepositoryError
                where error.code == .missingObject && round < StorePush.repetitions
            {
                round += 1
            }
        }
    }

    /// Brings the objects that the store lacks into quarantine.
    private func bring(
        _ edits: [RefEdit], to quarantine: any Quarantine, trustsMarks: Bool
    ) throws {
        let missing = MissingObjects(in: quarantine, ancestors: .untilStored, trustsMarks: trustsMarks)
        for edit in edits { if let new = edit.new { try missing.add(new) } }
        let encoder = try ParallelEncoder(repository, compression: options.compression)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: StorePush.pieceSize, alignment: 16)
        defer { piece.deallocate() }
        while true {
            while !encoder.isFull, let name = try missing.next() {
                if try repository.contains(name) {
                    encoder.submit(name)
                } else if !missing.markUnavailable(name) {
                    throw RepositoryError(
                        .missingObject,
                        "object \(name) is neither at \(store.location) nor in \(repository.path), which pushes it: push "
                            + "again, from a complete repository")
                }
            }
            guard let object = try encoder.next() else { break }
            if options.cancellation?.isRequested == true {
                throw ClientError(
                    .cancelled,
                    "the push to \(store.location) was interrupted, and nothing has moved: push again")
            }
            let incoming = try quarantine.receive(object.name, size: object.size)
            if let incoming {
                try object.forEachPiece(buffer: piece) { try incoming.write($0) }
                try incoming.finish()
            }
            progress.sent(object.name, bytes: object.size)
            // A file arrives with its verdict.
            if incoming == nil || object.name.type != .file { try missing.arrived(object.name) }
            for verdict in quarantine.takeVerdicts(waiting: false) {
                try verdict.throwFailure()
                try missing.arrived(verdict.name)
            }
        }
        try quarantine.settle()
    }
}
