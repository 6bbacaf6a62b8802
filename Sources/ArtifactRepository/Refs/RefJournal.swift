// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The journal of a change of several refs, by which the next process completes or undoes one that a crash interrupted.
///
/// Format: a line `bst-artifact refs 1` for refs in `refs/heads`, `bst-artifact refs 2 PATH` for those in another place;
/// for each ref a line with old commit, new commit (64 zeros for none) and name, separated by blanks; a line `end`.
private enum RefJournal {
    static let path = "state/bst-artifact-refs"
    private static let first = "bst-artifact refs "
    private static let last = "end"
    static let maximumSize = 64 * 1024 * 1024

    static func text(_ moves: [RefEditResult], in place: RefPlace) -> String {
        let first = first + (place == .heads ? "1" : "2 \(place.path)")
        let lines = moves.map { move in
            "\(Checksum.hexOrZeros(move.old)) \(Checksum.hexOrZeros(move.new)) \(move.ref)"
        }
        return ([first] + lines + [last]).map { "\($0)\n" }.joined()
    }

    /// - Returns: nil where this is no whole journal.
    static func moves(_ text: String) -> (moves: [RefEditResult], place: RefPlace)? {
        // Bytes, since a letter's accent may stand at the beginning of a name.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        guard let place = lines.first.flatMap(place), let end = lines.last,
            end.elementsEqual(last.utf8), lines.count > 2
        else { return nil }
        var moves: [RefEditResult] = []
        for line in lines[1..<lines.count - 1] {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 2).map { Substring($0) }
            guard fields.count == 3, let old = Checksum(hex: fields[0]), let new = Checksum(hex: fields[1]),
                let ref = RefName(fields[2])
            else { return nil }
            moves.append(RefEditResult(ref, .moved, from: old.unlessZeros, to: new.unlessZeros))
        }
        return (moves, place)
    }

    /// The place of the refs, by the first line; nil for another line.
    private static func place(_ line: Substring.UTF8View) -> RefPlace? {
        let text = String(Substring(line))
        guard text.utf8.starts(with: first.utf8) else { return nil }
        let rest = text.dropFirst(first.count)
        if rest == "1" { return .heads }
        return rest.hasPrefix("2 ") ? RefPlace(path: String(rest.dropFirst(2))) : nil
    }
}

/// The repairs of what crashes had left.
public struct RecoveryReport: Sendable, Equatable {
    /// Refs that were moved, since a change of several refs had moved only some.
    public var completed: [RefName] = []
    /// Refs that were moved back, since such a change cannot be completed any more.
    public var undone: [RefName] = []
    /// Indicates that a journal was dropped that was none.
    public var hasDroppedJournal = false
    /// The number of leftover quarantines that were removed.
    public var removedQuarantines = 0

    /// An empty report.
    public init() {}
}

extension Repository {
    /// Completes, or drops, changes of refs that a crash of an earlier process cut short.
    public func recover() throws {
        _ = try recoverRefs()
    }

    /// Completes, or drops, what the journal notes.
    func recoverRefs() throws -> RecoveryReport {
        guard try root.contains(RefJournal.path) else { return RecoveryReport() }
        return try withLocks { try finishJournal() }
    }

    /// Notes what is about to be done, durably.
    func writeJournal(_ moves: [RefEditResult]) throws {
        let state = try standardDirectory("state")
        try replaceFile(RefJournal.path, with: Array(RefJournal.text(moves, in: refPlace).utf8))
        try state.sync()
    }

    /// Forgets it, durably: it must not be done again once refs have moved on.
    func removeJournal() throws {
        try root.remove(RefJournal.path)
        try standardDirectory("state").sync()
    }

    /// Completes the edits in the journal if all of their commits still exist, and undoes them if `ostree prune` removed some.
    /// A ref that has moved since stays where it is. The caller holds the ref lock.
    func finishJournal() throws -> RecoveryReport {
        var report = RecoveryReport()
        guard let file = try root.fileIfPresent(RefJournal.path) else { return report }
        let text = String(decoding: try file.readAll(limit: RefJournal.maximumSize), as: UTF8.self)
        if let (moves, place) = RefJournal.moves(text) {
            try withRefs(in: place).finish(moves, &report)
        } else {
            report.hasDroppedJournal = true
        }
        try removeJournal()
        return report
    }

    private func finish(_ moves: [RefEditResult], _ report: inout RecoveryReport) throws {
        let isPossible = try canComplete(moves)
        for move in moves {
            let current = try commit(of: move.ref)
            if isPossible && current == move.old {
                // Even its directories may have gone in the crash.
                try makeDirectories(of: move.ref)
                try point(move.ref, to: move.new)
                report.completed.append(move.ref)
            } else if try !isPossible && current == move.new && isComplete(move.old) {
                try point(move.ref, to: move.old)
                report.undone.append(move.ref)
            }
        }
        try syncRefDirectories(of: moves.map(\.ref))
    }

    /// Returns true if all commits that refs were to point to are there, and a place for each ref.
    private func canComplete(_ moves: [RefEditResult]) throws -> Bool {
        guard try moves.allSatisfy({ try isComplete($0.new) }) else { return false }
        do { try checkPlaces(of: moves.map(\.ref)) } catch let error as RepositoryError
            where error.code == .conflict
        {
            return false
        }
        return true
    }

    private func isComplete(_ commit: Checksum?) throws -> Bool {
        guard let commit else { return true }
        var walk = ObjectWalk(self)
        return try ifIntact {
            try walk.visit(commit) { name in
                guard try contains(name) else { throw RepositoryError.badObject(name, "it is not there") }
            }
        } != nil
    }
}
