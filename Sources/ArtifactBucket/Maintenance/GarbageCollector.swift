// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import S3
import SystemCalls

/// A collection of garbage in a bucket, beside publications of other hosts: see docs/bucket-format.md. Each phase is an entry of
/// the log, so a collector that dies is followed by any other.
package struct GarbageCollector {
    let store: BucketStore
    let times: Times
    private let history: [Expiry.HistoryRule]
    private let show: (String) -> Void
    private(set) var report = Report()
    /// The random bytes by which other collectors know this one.
    private let id = LogEntry.makeID()
    /// The names that this collector has condemned, with the key of the list.
    private var condemned: (list: [UInt8], names: NameFile)?
    /// Indicates that a request to remove may still arrive, since its answer was lost.
    private var isUncertain = false

    private var log: PublicationLog { store.log }
    private var list: CondemnedList { CondemnedList(client: store.client, cancellation: store.cancellation) }

    /// Prepares a collection.
    ///
    /// - Parameters:
    ///   - history: the rules for the history of refs, of which pinned ones are exempt. What another collector has condemned goes
    ///     by its rules.
    ///   - show: receives what is being done.
    package init(
        _ store: BucketStore, times: Times = Times(), history: [Expiry.HistoryRule] = [],
        show: @escaping (String) -> Void = { _ in }
    ) {
        (self.store, self.times, self.history, self.show) = (store, times, history, show)
    }

    /// Finds out what a collection would remove.
    package mutating func plan() throws -> Report {
        _ = try findGarbage()
        return report
    }

    /// Completes a collection that another one has begun, then collects what is garbage now, and removes old records.
    ///
    /// - Throws: `RepositoryError` where refs lead to something that cannot be read, or somebody else took over.
    package mutating func run() throws -> Report {
        try store.prepareToWrite()
        // Another one's first, then one's own.
        var hasCondemned = false
        var hasTakenOver = false
        while true {
            let position = try log.last(from: store.position)
            store.begin(at: position)
            switch position.newest.entry.phase {
            case .swept:
                if hasCondemned {
                    report.removedRecords += try OldRecords(of: store, age: times.recordAge).remove()
                    return report
                }
                hasCondemned = true
                try condemn()
            case .condemned:
                try prepareToSweep(position)
                _ = try beginSweep(after: .condemned, position.newest.entry.collectionNumber)
            case .sweeping:
                if position.newest.entry.collection?.sweeper == id {
                    try sweep(position)
                } else {
                    // Two that take over from each other would never end.
                    guard !hasTakenOver else { throw takenOver() }
                    hasTakenOver = true
                    show("taking over")
                    if try beginSweep(after: .sweeping, position.newest.entry.collectionNumber) {
                        try wait(times.takeover)
                    }
                }
            }
        }
    }

    // MARK: Condemning

    /// Lists old objects, and leaves those that no ref leads to.
    private mutating func findGarbage() throws -> (
        garbage: NameFile, walk: ReferenceWalk, at: PublicationLog.Position
    ) {
        show("listing objects")
        var listed = try NameFile()
        let oldest = time(nil) - Int(times.age.components.seconds)
        try store.forEachObject { name, attributes in
            let size = attributes.size ?? 0
            report.objects += 1
            report.bytes += size
            if attributes.modified.map({ $0 <= oldest }) ?? false { try listed.append(name, size: size) }
        }
        // Read after the list, on which no object is that was put since then.
        let position = try log.last(from: store.position)
        show("walking refs")
        let location = store.location
        let rules = history.isEmpty ? nil : ReferenceWalk.Rules(history: history, oldest: oldest)
        var walk = ReferenceWalk(of: store, rules: rules) { throw $0.description(in: location) }
        try walk.walk(at: position)
        var garbage = try NameFile()
        (report.garbageBytes, report.condemnedCommits) = (0, 0)
        try listed.forEach { name, size in
            guard !walk.seen.contains(name) else { return }
            try garbage.append(name, size: size)
            report.garbageBytes += size
            if name.type == .commit { report.condemnedCommits += 1 }
        }
        report.condemned = garbage.count
        return (garbage, walk, position)
    }

    private mutating func condemn() throws {
        let before = try store.position.newest.entry
        let cutBefore = try CutHistoryKey(of: store).read()
        var (garbage, walk, position) = try findGarbage()
        try CutHistoryKey(of: store).update(
            adding: walk.cut, removing: cutBefore.subtracting(walk.cut).subtracting(walk.missingParents))
        guard garbage.count > 0 else { return try measure(from: position, before) }
        var walked = position.sequence
        let number = position.newest.entry.collectionNumber + 1
        let parts = (garbage.count + CondemnedList.partLimit - 1) / CondemnedList.partLimit
        let collection = Collection(
            number, list: LogEntry.makeID(), parts: UInt64(parts), .condemned)
        show("condemning \(garbage.count) objects")
        try put(&garbage, collection)
        // Garbage that refs of newer entries lead to.
        var needed: Set<ObjectName> = []
        let listedBytes = report.bytes
        let created = try log.append(from: position, author: store.author) { entry, position in
            guard position.newest.entry.collectionNumber + 1 == number else { return false }
            if position.sequence > walked {
                try walk.walk(at: position)
                try garbage.forEach { name, _ in if walk.seen.contains(name) { needed.insert(name) } }
                walked = position.sequence
            }
            (entry.collection, entry.saved) = (collection, needed)
            entry.measure(listedBytes, since: before)
            return true
        }
        condemned = (collection.list, garbage)
        store.begin(at: created)
    }

    /// Says how large all objects are, where the log does not know it.
    ///
    /// - Parameter before: the newest entry before they were listed.
    private func measure(from position: PublicationLog.Position, _ before: LogEntry) throws {
        let created = try log.append(from: position, author: store.author) { entry, position in
            let newest = position.newest.entry
            guard (newest.collectionNumber, newest.phase) == (before.collectionNumber, before.phase) else {
                return false
            }
            entry.measure(report.bytes, since: before)
            return entry.storedBytes != newest.storedBytes
        }
        store.begin(at: created)
    }

    /// Returns the size of what was removed; nil where another collector has listed it.
    private mutating func removedBytes(of list: [UInt8], except saved: Set<ObjectName>) throws -> UInt64? {
        guard condemned?.list == list else { return nil }
        var sum: UInt64 = 0
        try condemned?.names.forEach { name, size in
            if !saved.contains(name) { sum += size }
        }
        return sum
    }

    private func put(_ garbage: inout NameFile, _ collection: Collection) throws {
        var part: [ObjectName] = []
        var number: UInt64 = 0
        func put() throws {
            guard !part.isEmpty else { return }
            try list.put(part, collection, part: number)
            number += 1
            part.removeAll(keepingCapacity: true)
        }
        // Commits first: a history that is being cut ends with a commit of which all is there.
        for areCommits in [true, false] {
            try garbage.forEach { name, _ in
                guard (name.type == .commit) == areCommits else { return }
                part.append(name)
                if part.count == CondemnedList.partLimit { try put() }
            }
        }
        try put()
    }

    // MARK: Sweeping

    /// Brings the views up to date, so that none leads to what is condemned, and waits.
    private func prepareToSweep(_ position: PublicationLog.Position) throws {
        let entry = position.newest.entry
        show("bringing refs of other programs up to date")
        try log.views.update(entry.edits(behind: entry.views))
        show("waiting for pushes and pulls")
        try wait(times.grace)
    }

    /// Creates the entry from which on nothing can be saved, or with which this collector takes over, if the collection is still in
    /// the phase in which it was found: whoever takes over has to wait, and whoever is the first does not.
    ///
    /// - Returns: true if the entry was created.
    private func beginSweep(after phase: Collection.Phase, _ number: UInt64) throws -> Bool {
        var isOwn = false
        let created = try log.append(author: store.author) { entry, position in
            isOwn = false
            guard var collection = position.newest.entry.collection, collection.number == number,
                collection.phase == phase, collection.sweeper != id
            else { return false }
            (collection.phase, collection.sweeper) = (.sweeping, id)
            entry.collection = collection
            isOwn = true
            return true
        }
        store.begin(at: created)
        return isOwn
    }

    private func isOwn(_ entry: LogEntry, _ number: UInt64) -> Bool {
        entry.phase == .sweeping && entry.collectionNumber == number && entry.collection?.sweeper == id
    }

    /// Removes what is condemned and not saved, and creates the entry that says so.
    private mutating func sweep(_ position: PublicationLog.Position) throws {
        guard let collection = position.newest.entry.collection else { return }
        let saved = position.newest.entry.saved
        // Not that of `position`, which may have been read long ago: this host may have slept since.
        var reading: Reading?
        var batch: [String] = []
        var hasCommits = false
        try list.forEachPart(of: collection) { names in
            for name in names where !saved.contains(name) {
                // The store removes those of one request in any order.
                if hasCommits, name.type != .commit, !batch.isEmpty {
                    try remove(batch, from: position, &reading, collection.number)
                    batch.removeAll(keepingCapacity: true)
                }
                hasCommits = name.type == .commit
                batch.append(store.withObjects { $0.key(name) })
                if batch.count == S3Operation<[DeleteFailure]>.maximumCount {
                    try remove(batch, from: position, &reading, collection.number)
                    batch.removeAll(keepingCapacity: true)
                }
            }
        }
        if !batch.isEmpty { try remove(batch, from: position, &reading, collection.number) }
        if isUncertain {
            show("waiting for requests whose answers were lost")
            try wait(times.takeover)
            isUncertain = false
        }
        let removed = try removedBytes(of: collection.list, except: saved) ?? 0
        let created = try log.append(author: store.author) { entry, position in
            guard isOwn(position.newest.entry, collection.number) else { throw takenOver() }
            if let known = entry.measured?.bytes { entry.measured?.bytes = known - min(known, removed) }
            entry.collection?.phase = .swept
            entry.collection?.sweeper = []
            entry.saved = []
            return true
        }
        store.begin(at: created)
        try removeLists(upTo: collection.number)
    }

    /// A reading of the log, which allows to remove for a while.
    private struct Reading {
        var position: PublicationLog.Position
        /// The time that requests carry, in seconds since 1970.
        var date: Int
        var begin: ContinuousClock.Instant
    }

    /// Reads the log; the times are those before.
    private func read(from position: PublicationLog.Position, _ number: UInt64) throws -> Reading {
        let (date, begin) = (time(nil), ContinuousClock.now)
        let position = try log.last(from: position)
        guard isOwn(position.newest.entry, number) else { throw takenOver() }
        return Reading(position: position, date: date, begin: begin)
    }

    private mutating func remove(
        _ keys: [String], from position: PublicationLog.Position, _ reading: inout Reading?, _ number: UInt64
    ) throws {
        show("removing \(report.removed + keys.count) objects")
        var keys = keys
        var attempts = 0
        while true {
            let now: Reading
            if let reading, reading.begin.duration(to: .now) < times.renewal {
                now = reading
            } else {
                now = try read(from: reading?.position ?? position, number)
                reading = now
            }
            do {
                let delete = S3Operation.delete(keys, repeating: false, date: now.date)
                let failures = try store.client.run(delete, cancellation: store.cancellation)
                if let failure = failures.first(where: { $0.code == "AccessDenied" }) {
                    throw S3Error(
                        .accessDenied,
                        "cannot remove \(failures.count) objects of \(store.location): the store answers \(failure.code): allow "
                            + "it in the bucket's policy")
                }
                report.removed += keys.count - failures.count
                guard let failure = failures.first else { return }
                attempts += 1
                // A request of which the store says only that something went wrong may still have its effect.
                isUncertain =
                    isUncertain || failures.contains { !GarbageCollector.refusals.contains($0.code) }
                guard attempts < GarbageCollector.attempts else {
                    throw S3Error(
                        .unavailable,
                        "cannot remove \(failures.count) objects of \(store.location): the store answers \(failure.code): run "
                            + "this again later, which goes on from there")
                }
                keys = failures.map(\.key)
                reading = nil
            } catch let error as S3Error where error.code == .outcomeUnknown || error.code == .clockSkew {
                attempts += 1
                isUncertain = isUncertain || error.code == .outcomeUnknown
                guard attempts < GarbageCollector.attempts else { throw error }
                reading = nil
            }
        }
    }

    /// The most attempts at one removal.
    private static let attempts = 5
    /// The codes by which a store says that it did nothing.
    private static let refusals: Set = ["SlowDown", "ServiceUnavailable", "OperationAborted"]

    private func takenOver() -> RepositoryError {
        RepositoryError(
            .busy,
            "another collection of garbage at \(store.location) has taken over, and goes on: nothing is to be done"
        )
    }

    /// Removes the lists of collections that are over.
    private func removeLists(upTo number: UInt64) throws {
        let prefix = store.client.location.key(CondemnedList.directory)
        var keys: [String] = []
        try store.client.forEachPage(prefix: prefix, cancellation: store.cancellation) { page in
            for entry in page.entries {
                let digits = entry.key.dropFirst(prefix.count).prefix { $0.isNumber }
                if let found = UInt64(digits), found <= number { keys.append(entry.key) }
            }
            return true
        }
        _ = try store.client.delete(keys, cancellation: store.cancellation)
    }

    private func wait(_ duration: Duration) throws {
        guard duration > .zero else { return }
        let isCancelled = try (store.cancellation ?? Cancellation()).isRequested(within: duration)
        if isCancelled {
            throw RepositoryError(
                .cancelled,
                "the collection of garbage at \(store.location) was interrupted; another one goes on with it")
        }
    }
}
