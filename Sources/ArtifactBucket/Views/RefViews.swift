// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

/// The keys by which other programs read refs, written from the log.
struct RefViews {
    let client: S3Client
    let cancellation: Cancellation?

    /// The number of views that are looked at and written at the same time.
    private static let batchSize = 32

    /// Writes the views of edited refs, as of each one's last edit, unless newer ones are there.
    ///
    /// - Parameter willWrite: called before the first one is written.
    /// - Returns: the number of views that were behind.
    @discardableResult
    func update(_ edits: some Sequence<LoggedEdit>, willWrite: () throws -> Void = {}) throws -> Int {
        let last = Dictionary(edits.map { ($0.ref, $0) }) { $1 }
        let sorted = last.values.sorted { $0.ref < $1.ref }
        var count = 0
        for batch in batches(of: sorted) { count += try update(batch, willWrite) }
        return count
    }

    private func batches<T>(of all: [T]) -> some Sequence<[T]> {
        stride(from: 0, to: all.count, by: RefViews.batchSize).lazy.map {
            Array(all[$0...].prefix(RefViews.batchSize))
        }
    }

    /// Writes views of new refs, and of others, at the same time.
    private func update(_ edits: [LoggedEdit], _ willWrite: () throws -> Void) throws -> Int {
        let present = edits.map { client.start(get($0.ref), cancellation: cancellation) }
        var puts: [(edit: LoggedEdit, put: PendingResponse<PutResult>)] = []
        for (edit, response) in zip(edits, present) {
            let found = try response.value().found
            guard isBehind(found, edit) else { continue }
            try willWrite()
            let condition = found?.attributes.etag.map(PutCondition.ifMatch) ?? .ifAbsent
            let put = S3Operation.put(
                key(edit.ref), RefView(of: edit).bytes, if: condition, cacheControl: "no-cache")
            puts.append((edit, client.start(put, cancellation: cancellation)))
        }
        for (edit, put) in puts {
            // Somebody else may have written an older one meanwhile, or the answer was lost.
            if case .stored? = try? put.value() { continue }
            try update(edit)
        }
        return puts.count
    }

    private func update(_ edit: LoggedEdit) throws {
        var found = try client.run(get(edit.ref), cancellation: cancellation).found
        while isBehind(found, edit) {
            let written = try client.replaceOrRead(
                key(edit.ref), RefView(of: edit).bytes, replacing: found?.attributes.etag,
                limit: RefView.maximumSize, cacheControl: "no-cache", cancellation: cancellation)
            guard case .other(let other) = written else { return }
            found = other
        }
    }

    /// Returns true if what was read is older than an edit. The commit is not compared: a slow writer of an edit between would
    /// replace it.
    private func isBehind(_ found: S3Object?, _ edit: LoggedEdit) -> Bool {
        guard let found, let view = RefView(found.bytes) else { return true }
        return view.sequence < edit.sequence
    }

    /// Returns those of some edits whose views are behind.
    func behind(_ edits: [LoggedEdit]) throws -> [LoggedEdit] {
        let present = edits.map { client.start(get($0.ref), cancellation: cancellation) }
        return try zip(edits, present).compactMap { edit, response in
            isBehind(try response.value().found, edit) ? edit : nil
        }
    }

    private func key(_ ref: RefName) -> String { client.location.key(RefView.name(of: ref)) }

    private func get(_ ref: RefName) -> S3Operation<Lookup<S3Object>> {
        .get(key(ref), limit: RefView.maximumSize, isFresh: true)
    }

    // MARK: Times

    /// Writes the same views again, of the refs among some that have one from before a time, so that the store dates them anew.
    ///
    /// A newer one that comes meanwhile stays, by the condition.
    ///
    /// - Parameters:
    ///   - time: in seconds since 1970, by the store's clock.
    ///   - willWrite: called before each is written.
    func renew(_ refs: [RefName], writtenBefore time: Int, willWrite: () throws -> Void) throws {
        for batch in batches(of: refs) {
            let present = batch.map { client.start(get($0), cancellation: cancellation) }
            var puts: [PendingResponse<PutResult>] = []
            for (ref, response) in zip(batch, present) {
                guard let found = try response.value().found, let version = found.attributes.etag,
                    let written = found.attributes.modified, written < time,
                    RefView(found.bytes)?.commit != nil
                else { continue }
                try willWrite()
                let put = S3Operation.put(
                    key(ref), found.bytes, if: .ifMatch(version), cacheControl: "no-cache")
                puts.append(client.start(put, cancellation: cancellation))
            }
            for put in puts { _ = try put.value() }
        }
    }

    /// The refs among some whose views the store has from before a time, in seconds since 1970.
    func refs(_ refs: [RefName], writtenBefore time: Int) throws -> Set<RefName> {
        var old: Set<RefName> = []
        for batch in batches(of: refs) {
            let present = batch.map { client.start(.head(key($0)), cancellation: cancellation) }
            for (ref, response) in zip(batch, present) {
                if let written = try response.value().found?.modified, written < time { old.insert(ref) }
            }
        }
        return old
    }

    // MARK: Names

    /// Visits the refs below a directory of refs that have a view, also those that are gone, until one is to be the last.
    ///
    /// - Parameter visit: returns false to end.
    func forEachRef(below directory: String, _ visit: (RefName) throws -> Bool) throws {
        let prefix = client.location.key(RefView.directory)
        try client.forEachPage(prefix: "\(prefix)\(directory)/", cancellation: cancellation) { page in
            for entry in page.entries {
                // Keys of others are none of a ref.
                guard let ref = RefName(String(entry.key.dropFirst(prefix.count))) else { continue }
                guard try visit(ref) else { return false }
            }
            return true
        }
    }
}
