// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// The log of a cache in a bucket, which decides what was published and in which order. See docs/bucket-format.md.
package struct PublicationLog: Sendable {
    /// The cache at the newest entry of the log that is known.
    package struct Position: Sendable {
        /// The entry.
        package let newest: ReadEntry
        /// The time at which the reading of the log began.
        let readAt: ContinuousClock.Instant

        var sequence: UInt64 { newest.entry.sequence }
    }

    let client: S3Client
    let cancellation: Cancellation?
    let nodes: StateNodes
    let pinNodes: StateNodes
    /// The time after which the log is read again before an entry is created, since entries that came meanwhile may be gone. The
    /// clock goes on while the machine sleeps (`CLOCK_BOOTTIME`).
    var patience: Duration = .seconds(600)

    /// Prepares to read and write the log below the client's prefix.
    package init(_ client: S3Client, cancellation: Cancellation? = nil) {
        (self.client, self.cancellation) = (client, cancellation)
        nodes = StateNodes(client, .state, cancellation: cancellation)
        pinNodes = StateNodes(client, .pins, cancellation: cancellation)
    }

    func key(_ sequence: UInt64) -> String { client.location.key(LogKey.name(of: sequence)) }

    var views: RefViews { RefViews(client: client, cancellation: cancellation) }

    // MARK: Entries

    /// Reads the newest entry.
    ///
    /// A list may be stale; then creating the next entry fails, and shows what is there.
    ///
    /// - Throws: `RepositoryError` with `notARepository` where there is no cache; `S3Error`.
    package func newest() throws -> Position {
        let begin = ContinuousClock.now
        let prefix = client.location.key(LogKey.directory)
        let page = try client.run(.list(prefix: prefix, limit: 1), cancellation: cancellation)
        guard let found = page.entries.first?.key else {
            throw RepositoryError(
                .notARepository,
                "there is no cache at \(client.location): make one with 'bst-artifact init \(client.location)'"
            )
        }
        guard let sequence = LogKey.sequence(of: found.dropFirst(client.location.prefix.count)) else {
            throw RepositoryError.damaged(
                "the log of \(client.location)", "it has a key that is none of an entry")
        }
        guard let entry = try entry(sequence) else {
            throw RepositoryError(
                .busy,
                "the newest entry of the log of \(client.location) was listed, and is not there: try again, and use a "
                    + "store whose lists are not older than a week")
        }
        return Position(newest: entry, readAt: begin)
    }

    /// Reads an entry; nil where it is not there.
    package func entry(_ sequence: UInt64) throws -> ReadEntry? {
        try entry(sequence, cancellation)
    }

    func entry(_ sequence: UInt64, _ cancellation: Cancellation?) throws -> ReadEntry? {
        let get = S3Operation.get(key(sequence), limit: LogEntry.maximumSize, isFresh: true)
        return try client.run(get, cancellation: cancellation).found.map {
            try ReadEntry(parsing: $0.bytes, sequence: sequence)
        }
    }

    /// Reads the newest entry again, and never an older one than is known.
    func newest(after known: Position) throws -> Position {
        let position = try newest()
        if position.sequence >= known.sequence { return position }
        let begin = ContinuousClock.now
        guard let entry = try entry(known.sequence) else {
            throw RepositoryError(
                .busy,
                "the log of \(client.location) is listed as it was long ago: try again, and use a store whose lists are "
                    + "not older than a week")
        }
        return Position(newest: entry, readAt: begin)
    }

    /// Reads on by number from an entry to the newest one. Unlike a list, this cannot be stale.
    package func last(from known: Position) throws -> Position {
        var position = try newest(after: known)
        while true {
            let begin = ContinuousClock.now
            guard let next = try entry(position.sequence + 1) else { return position }
            position = Position(newest: next, readAt: begin)
        }
    }

    // MARK: Refs

    /// Returns the commit of a ref at a position.
    package func commit(of ref: RefName, at position: Position) throws -> Checksum? {
        let entry = position.newest.entry
        if let edit = entry.edits.last(where: { $0.ref == ref }) { return edit.new }
        return try nodes.tree.lookUp(ref, below: entry.root)?.commit
    }

    /// Returns the pins at a position.
    func pins(at position: Position) throws -> Pins {
        guard let pins = position.newest.entry.pins else { return Pins() }
        return try PinNode.pins(parsing: pinNodes.read([pins.node])[0])
    }

    /// Returns true if there is a ref below a directory of refs at a position, as far as lists tell.
    ///
    /// The views of all refs of the state are written, so a list of views misses none but those of the last edits.
    ///
    /// - Parameter earlier: the number of an entry as of which there was none; nil where none is known.
    func hasRef(
        below directory: RefName, at position: Position, vacantAsOf earlier: UInt64?
    ) throws -> Bool {
        let entry = position.newest.entry
        let edited = Dictionary(entry.edits.map { ($0.ref, $0.new) }) { $1 }
        let start = "\(directory)/"
        if edited.contains(where: { $0.key.text.hasPrefix(start) && $0.value != nil }) { return true }
        // All that has come since is among the edits.
        if let earlier, earlier >= entry.base { return false }
        var isFound = false
        try views.forEachRef(below: directory.text) { ref in
            isFound = try edited[ref] == nil && nodes.tree.lookUp(ref, below: entry.root) != nil
            return !isFound
        }
        return isFound
    }

    /// Visits all refs at a position, in no order, each with the number of the entry that has edited it last.
    package func forEachRef(
        at position: Position, _ visit: (RefName, _ commit: Checksum, _ sequence: UInt64) throws -> Void
    ) throws {
        let entry = position.newest.entry
        let edited = Dictionary(entry.edits.map { ($0.ref, $0) }) { $1 }
        try nodes.tree.forEach(below: entry.root) { ref, commit, sequence in
            if edited[ref] == nil { try visit(ref, commit, sequence) }
        }
        for edit in edited.values {
            if let commit = edit.new { try visit(edit.ref, commit, edit.sequence) }
        }
    }

    /// Returns all refs at a position, sorted.
    package func refs(at position: Position) throws -> RefList {
        var refs = RefList()
        try forEachRef(at: position) { ref, commit, _ in refs.append(ref, commit) }
        return refs.sorted()
    }
}
