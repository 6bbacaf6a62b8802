// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import S3
import SystemCalls

/// A cache in a bucket, for one session with a client. See docs/bucket-format.md.
package final class BucketStore: ArtifactStore {
    /// The address of the cache.
    package let location: String
    /// The form of objects: that of archive repositories.
    package var mode: RepositoryMode { .archive }
    package let client: S3Client
    package let log: PublicationLog
    /// A repository on this machine, in which objects wait until they are verified and put.
    package let spool: Repository
    let author: String
    /// Indicates that small files are put as soon as they are verified, if their quarantine was told to expect them.
    let putsEarly: Bool
    /// The most that all objects may take, which is checked before objects are put; nil for any number.
    let sizeLimit: BucketSizeLimit?
    let cancellation: Cancellation?
    private let shared = Monitor(Shared())
    private let objects: Monitor<BucketObjects>

    private struct Shared {
        var position: PublicationLog.Position?
        /// Indicates that the store is known to keep conditions.
        var isChecked = false
        /// The commits that refs point to, by the new ones that take their places.
        var bases: [Checksum: Checksum] = [:]
        /// The commits that the client knows, which new ones may resemble. No ref need lead to them.
        var likenesses: [Checksum] = []
        /// The commits where histories were cut; nil where nobody has asked.
        var cut: Set<Checksum>?
        /// The entry up to which this session has found the views written.
        var writtenViews: UInt64?
        /// Indicates that this session has created an entry.
        var hasPublished = false
        /// New refs below which there were none, each with the number of the entry as of which that was seen.
        var vacant: [RefName: UInt64] = [:]
    }

    /// The seconds within which a ref that was used once is not noted as used again, since that is a write.
    private static let accessAccuracy = 86_400
    /// The most commits that are remembered since new ones may resemble them.
    private static let likenessLimit = 16

    /// Opens a cache; nothing is read yet.
    ///
    /// - Parameters:
    ///   - client: a client of its bucket.
    ///   - spool: a repository of mode archive on this machine, for objects on their way.
    ///   - author: the name of the writer in the log.
    ///   - putsEarly: false to keep all files here until everything has arrived.
    ///   - sizeLimit: the most that all objects may take; nil for any number.
    package init(
        _ client: S3Client, spool: Repository, author: String, putsEarly: Bool = true,
        sizeLimit: BucketSizeLimit? = nil, cancellation: Cancellation? = nil
    ) {
        location = "\(client.location)"
        (self.putsEarly, self.sizeLimit) = (putsEarly, sizeLimit)
        (self.client, self.spool, self.author, self.cancellation) = (client, spool, author, cancellation)
        log = PublicationLog(client, cancellation: cancellation)
        objects = Monitor(BucketObjects(client, cancellation: cancellation))
    }

    /// Calls `body` with what is known about objects.
    func withObjects<T>(_ body: (BucketObjects) throws -> T) rethrows -> T {
        try objects.withLock { try body($0) }
    }

    // MARK: The log

    /// The newest entry of the log that is known, read at the first use.
    var position: PublicationLog.Position {
        get throws {
            if let position = shared.withLock(\.position) { return position }
            let position = try log.newest()
            begin(at: position)
            return position
        }
    }

    /// Takes over a newer position, and forgets what is known of objects as of an earlier one.
    func begin(at position: PublicationLog.Position) {
        shared.withLock { state in
            state.position = position
            (state.bases, state.likenesses, state.cut) = ([:], [], nil)
        }
        withObjects { $0.begin(asOf: position.newest.entry.collectionNumber) }
    }

    /// Makes sure, once, that the store keeps conditions, before anything is written.
    func prepareToWrite() throws {
        guard !shared.withLock(\.isChecked) else { return }
        let key = client.location.key(BucketStore.configurationName)
        try StoreProbe.recheck(client, key, BucketStore.configuration, cancellation: cancellation)
        shared.withLock { $0.isChecked = true }
    }

    /// Indicates that this session has created an entry.
    var hasPublished: Bool { shared.withLock(\.hasPublished) }

    /// Checks that there is a cache, and that the store is suitable and lets us write.
    package func check() throws {
        _ = try position
        try prepareToWrite()
    }

    /// Creates the entry of a publication, which those of others may precede.
    ///
    /// - Parameters:
    ///   - look: the position as of which its objects were looked for; nil where it needs none.
    ///   - saved: condemned objects that it relies on.
    ///   - putBytes: what was put for it, which its entry tells; that is subtracted when it is created.
    ///   - results: returns the results of the edits at a position.
    /// - Returns: the results at the position of the entry.
    /// - Throws: `CollectionMoved` where the collection is not what it was at `look`.
    func publish(
        asOf look: PublicationLog.Position?, saving saved: Set<ObjectName>, telling putBytes: PutBytes? = nil,
        _ results: (PublicationLog.Position) throws -> [RefEditResult]
    ) throws -> [RefEditResult] {
        try prepareToWrite()
        var final: [RefEditResult] = []
        let written = shared.withLock(\.writtenViews)
        let put = putBytes?.value ?? 0
        let position = try log.append(from: position, author: author) { entry, position in
            if let look = look?.newest.entry,
                (look.collectionNumber, look.phase)
                    != (position.newest.entry.collectionNumber, position.newest.entry.phase)
            {
                throw CollectionMoved(position: position)
            }
            final = try results(position)
            entry.append(final)
            entry.saved.formUnion(saved)
            entry.notePut(put)
            if let written { entry.views = max(entry.views, written) }
            return final.contains { $0.outcome == .moved }
        }
        let isOwn = final.contains { $0.outcome == .moved }
        shared.withLock { state in
            state.position = position
            state.hasPublished = state.hasPublished || isOwn
        }
        guard isOwn else { return final }
        putBytes?.subtract(put)
        let entry = position.newest.entry
        // It is published, whatever becomes of what other programs read; the next session looks after that.
        if (try? log.views.update(entry.ownEdits)) != nil, let written, written + 1 == entry.sequence {
            shared.withLock { $0.writtenViews = entry.sequence }
        }
        return final
    }

    /// Returns those of the objects on which a publication relies that are to be named as saved.
    ///
    /// - Throws: `RepositoryError` with `busy` where one of them is being removed.
    func condemned(
        _ names: Set<ObjectName>, at position: PublicationLog.Position
    ) throws -> Set<ObjectName> {
        let entry = position.newest.entry
        guard let collection = entry.collection, collection.phase != .swept, !names.isEmpty else { return [] }
        let metadata = names.filter { $0.type == .commit }.map { ObjectName($0.checksum, .commitmeta) }
        let list = CondemnedList(client: client, cancellation: cancellation)
        let found: Set<ObjectName>
        do {
            found = try list.intersection(collection, with: names.union(metadata)).subtracting(entry.saved)
        } catch let error as RepositoryError where error.code == .busy {
            let newest = try log.newest(after: position)
            guard newest.sequence > position.sequence else { throw error }
            throw CollectionMoved(position: newest)
        }
        guard collection.phase == .sweeping, let first = found.min(by: { $0.checksum < $1.checksum }) else {
            return found
        }
        throw RepositoryError(
            .busy,
            "object \(first) is being removed from \(location), as no ref led to it: push again when 'bst-artifact repo "
                + "expire' has ended there")
    }

    // MARK: Refs

    package func commit(of ref: RefName) throws -> Checksum? {
        let commit = try log.commit(of: ref, at: position)
        if let commit { withObjects { $0.note(ObjectName(commit, .commit), .referenced) } }
        return commit
    }

    package func refs() throws -> RefList { try log.refs(at: position) }

    package func check(_ edits: [RefEdit], moves: RefMovePolicy) throws {
        if withObjects(\.isLarge) { begin(at: try position) }
        note(try results(of: edits, moves, at: position))
    }

    /// Notes the commits that refs point to.
    func note(_ results: [RefEditResult]) {
        withObjects { objects in
            for old in results.compactMap(\.old) { objects.note(ObjectName(old, .commit), .referenced) }
        }
        shared.withLock { state in
            for result in results {
                if let old = result.old, let new = result.new { state.bases[new] = old }
            }
        }
    }

    /// Checks edits at a position, as far as that can be told without looking at commits.
    func results(
        of edits: [RefEdit], _ moves: RefMovePolicy, at position: PublicationLog.Position
    ) throws -> [RefEditResult] {
        let names = Set(edits.filter { $0.new != nil }.map(\.ref))
        return try edits.map { edit in
            let result = try edit.result(at: log.commit(of: edit.ref, at: position), moves: moves)
            if result.old == nil, edit.new != nil {
                try checkPlace(of: edit.ref, beside: names, at: position)
            }
            return result
        }
    }

    /// Checks that a new ref is not below another one, and none below it: programs keep refs as files.
    private func checkPlace(
        of ref: RefName, beside names: Set<RefName>, at position: PublicationLog.Position
    ) throws {
        for parent in ref.parents
        where try names.contains(parent) || log.commit(of: parent, at: position) != nil {
            throw placeTaken(ref, by: parent.text)
        }
        let earlier = shared.withLock { $0.vacant[ref] }
        if try log.hasRef(below: ref, at: position, vacantAsOf: earlier) {
            throw placeTaken(ref, by: "\(ref)/...")
        }
        shared.withLock { $0.vacant[ref] = position.sequence }
    }

    private func placeTaken(_ ref: RefName, by other: String) -> RepositoryError {
        RepositoryError(
            .conflict,
            "ref \(ref) cannot exist beside ref \(other): choose another name or delete that one")
    }

    package func delete(_ edits: [RefEdit]) throws -> [RefEditResult] {
        try publish(asOf: nil, saving: []) { position in
            let results = try results(of: edits, .any, at: position)
            try log.pins(at: position).check(deleting: edits.map(\.ref))
            return results
        }
    }

    /// Writes the views of the last entries, whose writers may have died before.
    package func recover() throws {
        let entry = try position.newest.entry
        try log.views.update(entry.edits(behind: entry.views)) { try prepareToWrite() }
        shared.withLock { $0.writtenViews = entry.sequence }
    }

    // MARK: Objects

    package func isPartial(_ commit: Checksum) throws -> Bool { false }

    package func isCut(_ commit: Checksum) throws -> Bool {
        _ = try position
        if let cut = shared.withLock(\.cut) { return cut.contains(commit) }
        let cut = try CutHistoryKey(of: self).read()
        shared.withLock { $0.cut = cut }
        return cut.contains(commit)
    }

    package func hadWholeHistory(of commit: Checksum) -> Bool { false }
    package func noteWholeHistory(of commit: Checksum) {}

    /// Has the store date the views of refs anew, which are what `RefExpiry` goes by, where they are more than a day old.
    package func recordAccess(of refs: [RefName]) throws {
        try log.views.renew(
            refs, writtenBefore: time(nil) - BucketStore.accessAccuracy, willWrite: prepareToWrite)
    }

    package func contains(_ name: ObjectName) throws -> Bool {
        _ = try position
        let presence = try withObjects { try $0.presence(name) }
        if name.type == .commit, presence != .absent {
            shared.withLock { state in
                if state.likenesses.count < BucketStore.likenessLimit {
                    state.likenesses.append(name.checksum)
                }
            }
        }
        return presence != .absent
    }

    package func prefetch(_ names: [ObjectName]) throws {
        // The log comes first, since objects that were found before it was read would be looked for again.
        _ = try position
        withObjects { objects in
            for name in names { objects.prefetch(name) }
        }
    }

    package func metadata(_ name: ObjectName) throws -> [UInt8]? {
        _ = try position
        return try withObjects { try $0.metadata(name) }
    }

    /// The commit of the bucket that a new one is compared with: that of its ref, its parent, that of another ref of the same
    /// push, or one that the client takes for similar.
    func base(of new: Checksum, parent: Checksum?) throws -> (commit: Commit, isReferenced: Bool)? {
        let (bases, likenesses) = shared.withLock { ($0.bases, $0.likenesses) }
        let candidates = [bases[new], parent, bases.first?.value].compactMap(\.self) + likenesses
        for checksum in candidates where checksum != new {
            let name = ObjectName(checksum, .commit)
            let presence = try withObjects { try $0.presenceIfKnown(name) }
            guard let presence, presence != .absent, let bytes = try metadata(name) else { continue }
            return (try bytes.withUnsafeBytes { try Commit($0, name) }, presence == .referenced)
        }
        return nil
    }

    package func makeQuarantine(_ purpose: QuarantinePurpose) throws -> any Quarantine {
        try prepareToWrite()
        let early = putsEarly ? EarlyPuts(client, cancellation: cancellation) : nil
        var taker: VerifiedFileTaker?
        if let early { taker = { name, bytes in early.take(name, bytes) } }
        let local = try spool.makeQuarantine(purpose, taking: taker)
        return BucketQuarantine(self, local: local, early: early)
    }
}

/// A collection of garbage has begun or gone on, so objects have to be looked for again.
struct CollectionMoved: Error {
    let position: PublicationLog.Position
}
