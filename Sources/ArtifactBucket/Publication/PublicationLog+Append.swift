// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import S3
import SystemCalls

extension PublicationLog {
    /// Above so many edits, or bytes of them, those of earlier entries are moved into the state first.
    static let editLimit = (count: 64, bytes: 64 * 1024)
    /// The most by which a writer exceeds these limits to whom others are quicker: if all did that work, only one's would count.
    static let editSlack = 1.0...2.0
    /// The time in which few others publish.
    private static let moment: Duration = .seconds(1)
    /// The number of times that an entry is asked for whose answer was lost, each time as long as requests are repeated.
    private static let settlingAttempts = 5

    /// Creates the first entry of a new cache.
    ///
    /// - Returns: false if there is one already.
    package func begin(author: String) throws -> Bool {
        var entry = LogEntry(after: nil, time: UInt64(time(nil)), author: author)
        entry.measure(0, since: entry)
        guard case .created = try create(entry, after: nil) else { return false }
        return true
    }

    /// Creates the next entry, as often as others were quicker.
    ///
    /// - Parameters:
    ///   - position: what is known of the log; nil to read it.
    ///   - author: the writer, for people.
    ///   - propose: makes the entry that is to follow a position, and is asked again for each one. It throws to give up, and
    ///     returns false where there is nothing to do.
    /// - Returns: the position of the created entry, or the one at which there was nothing to do.
    /// - Throws: `S3Error` with `outcomeUnknown` where nobody can tell if the entry was created.
    package func append(
        from position: Position? = nil, author: String, _ propose: (inout LogEntry, Position) throws -> Bool
    ) throws -> Position {
        // The same for all attempts, so that a lost one is known by it.
        let id = LogEntry.makeID()
        var position = try position ?? newest()
        var contention = Contention()
        let slack = Double.random(in: PublicationLog.editSlack)
        while true {
            if !isFresh(position) { position = try newest(after: position) }
            var entry = LogEntry(
                after: position.newest, id: id, time: UInt64(time(nil)), author: author)
            guard try propose(&entry, position) else { return position }
            try fold(
                &entry, after: position.newest.entry,
                slack: contention.losses == 0 ? PublicationLog.editSlack.lowerBound : slack)
            guard isFresh(position) else { continue }
            let begin = ContinuousClock.now
            switch try create(entry, after: position) {
            case .created(let own): return own
            case .taken(let other):
                // Many may have come since the log was read, or one just now.
                let isOld = position.readAt.duration(to: .now) > PublicationLog.moment
                let hasWaited = try contention.wait(after: begin.duration(to: .now), cancellation)
                position = isOld || hasWaited ? try newest(after: other) : other
            }
        }
    }

    private func isFresh(_ position: Position) -> Bool {
        position.readAt.duration(to: .now) < patience
    }

    private enum Creation {
        /// The entry is there.
        case created(Position)
        /// Somebody else's entry has its number.
        case taken(Position)
    }

    /// Creates an entry, and settles by reading whose it is where an answer is lost.
    private func create(_ entry: LogEntry, after previous: Position?) throws -> Creation {
        let bytes = entry.serialized()
        guard bytes.count <= LogEntry.maximumSize else {
            throw RepositoryError(
                .notAllowed,
                "a publication of \(entry.ownEdits.count) refs is too large for the log of \(client.location): push fewer at "
                    + "a time")
        }
        let key = key(entry.sequence)
        var attempts = 0
        while true {
            let begin = ContinuousClock.now
            do {
                // Not cancelled: the answer would be lost.
                let created = try client.createOrRead(key, bytes, limit: LogEntry.maximumSize)
                if case .other(let object?) = created {
                    return try whose(
                        ReadEntry(parsing: object.bytes, sequence: entry.sequence), entry, begin)
                }
                if case .written = created {
                    return .created(
                        Position(
                            newest: try ReadEntry(parsing: bytes, sequence: entry.sequence), readAt: begin))
                }
            } catch let error as S3Error where error.code == .outcomeUnknown || attempts > 0 {
                attempts += 1
                if let settled = try settle(
                    entry, after: previous, error, isLast: attempts >= PublicationLog.settlingAttempts)
                {
                    return settled
                }
            }
        }
    }

    private func whose(
        _ found: ReadEntry, _ entry: LogEntry, _ begin: ContinuousClock.Instant
    ) -> Creation {
        let position = Position(newest: found, readAt: begin)
        return found.entry.id == entry.id ? .created(position) : .taken(position)
    }

    /// Asks for the entry of the number that was tried.
    ///
    /// - Parameter isLast: true to end with an error where the store says nothing.
    /// - Returns: nil where it is not there, so that the same may be tried again.
    /// - Throws: `S3Error` with `outcomeUnknown` where nobody knows.
    private func settle(
        _ entry: LogEntry, after previous: Position?, _ cause: S3Error, isLast: Bool
    ) throws -> Creation? {
        let begin = ContinuousClock.now
        do {
            if let found = try self.entry(entry.sequence, nil) { return whose(found, entry, begin) }
            // Entries go the oldest first, so as long as the predecessor is there, this one was not removed.
            guard let previous, try self.entry(previous.sequence, nil) == nil else {
                if isLast { throw cause }
                return nil
            }
            if let found = try self.entry(entry.sequence, nil) { return whose(found, entry, begin) }
        } catch let error as S3Error {
            if !isLast { return nil }
            throw unknown("\(error)")
        }
        throw unknown("its entry of the log may have been removed since")
    }

    private func unknown(_ reason: String) -> S3Error {
        S3Error(
            .outcomeUnknown,
            "nobody can tell if this was published at \(client.location): \(reason); look at its refs, then try again"
        )
    }

    /// Moves edits of earlier entries into the state, where there are many, after their views were brought up to date.
    private func fold(_ entry: inout LogEntry, after previous: LogEntry, slack: Double) throws {
        let size = entry.edits.reduce(0) { $0 + $1.ref.text.utf8.count + 80 }
        guard !previous.edits.isEmpty,
            Double(entry.edits.count) > slack * Double(PublicationLog.editLimit.count)
                || Double(size) > slack * Double(PublicationLog.editLimit.bytes)
        else { return }
        try views.update(previous.edits(behind: entry.views))
        entry.views = previous.sequence
        entry.root = try nodes.withWritableTree { try $0.applying(previous.edits, to: previous.root) }
        entry.base = previous.sequence
        entry.edits = Array(entry.ownEdits)
    }
}
