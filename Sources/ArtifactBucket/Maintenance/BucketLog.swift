// SPDX-License-Identifier: Apache-2.0

import S3
import SystemCalls

/// The entries of the log that are there, for people.
package struct BucketLog {
    private let store: BucketStore

    /// The number of entries that are read at the same time.
    private static let batchSize: UInt64 = 32

    /// Prepares to read the log of a store.
    package init(of store: BucketStore) { self.store = store }

    /// Visits entries, the oldest first.
    ///
    /// - Parameters:
    ///   - limit: the most entries, the newest of those that match; nil for all.
    ///   - matches: chooses entries.
    package func forEach(
        limit: Int?, where matches: (LogEntry) -> Bool, _ visit: (LogEntry) throws -> Void
    ) throws {
        let newest = try store.position.sequence
        guard let limit else {
            var next = try oldest()
            while next <= newest {
                let end = min(next + BucketLog.batchSize - 1, newest)
                for entry in try read(next...end) where matches(entry) { try visit(entry) }
                next = end + 1
            }
            return
        }
        var found: [LogEntry] = []
        var end = newest
        while found.count < limit {
            let start = end - min(end, BucketLog.batchSize - 1)
            let entries = try read(start...end)
            found += entries.reversed().filter(matches)
            // Older ones were removed.
            if start == 0 || entries.first?.sequence != start { break }
            end = start - 1
        }
        for entry in found.prefix(limit).reversed() { try visit(entry) }
    }

    /// Reads those of a range of entries that are there.
    private func read(_ range: ClosedRange<UInt64>) throws -> [LogEntry] {
        let log = store.log
        let requests = range.map { sequence in
            (
                sequence,
                store.client.start(
                    .get(log.key(sequence), limit: LogEntry.maximumSize), cancellation: store.cancellation)
            )
        }
        return try requests.compactMap { sequence, request in
            try request.value().found.map { try ReadEntry(parsing: $0.bytes, sequence: sequence).entry }
        }
    }

    /// Returns the number of the oldest entry.
    private func oldest() throws -> UInt64 {
        let prefix = store.client.location.key(LogKey.directory)
        var last: UInt64 = 0
        try store.client.forEachPage(prefix: prefix, cancellation: store.cancellation) { page in
            let key = page.entries.last?.key.dropFirst(store.client.location.prefix.count)
            last = key.flatMap { LogKey.sequence(of: $0) } ?? last
            return true
        }
        return last
    }
}
