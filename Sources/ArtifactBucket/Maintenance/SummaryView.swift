// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Glibc
import S3
import SystemCalls
import Variants

/// The summary of a cache in a bucket: a view of all refs as of an entry of the log, whose number its metadata has.
///
/// Most of it is copied from the summary that it replaces, so that no commit is read again.
package struct SummaryView {
    /// The size of the summary.
    package struct Report: Equatable, Sendable {
        /// The number of refs.
        package var refs = 0
        /// The size in bytes.
        package var size = 0
    }

    private let store: BucketStore
    private let signers: [Signer]
    private var client: S3Client { store.client }
    private var key: String { client.location.key("summary") }

    private static let entryKey = "bst-artifact.entry"
    /// The size in bytes above which a summary is not updated after each push.
    private static let largeSize: UInt64 = 16 << 20
    /// The number of times that a summary is made, while others write theirs.
    private static let attempts = 8
    /// The number of commits that are read at the same time.
    private static let batchSize = 256

    /// Prepares to write the summary of a store.
    ///
    /// - Parameter signers: the keys that sign it. Without any, one that is signed stays as it is.
    package init(of store: BucketStore, signers: [Signer] = []) {
        (self.store, self.signers) = (store, signers)
    }

    /// A summary that is there.
    private struct Present {
        var version: ETag?
        var mapping: FileMapping?
        /// The number of the entry that it is a view of; nil where another program wrote it.
        var sequence: UInt64?

        var entries: SummaryEntries? { mapping.flatMap { SummaryEntries($0.bytes) } }
    }

    /// Returns the size of the summary in bytes; nil if there is none.
    package func size() throws -> UInt64? {
        try client.run(.head(key), cancellation: store.cancellation).found.map { $0.size ?? 0 }
    }

    /// Brings the summary up to date with the newest entry that is known, unless a newer one is there.
    ///
    /// - Parameter isComplete: true to read all refs and commits again.
    /// - Throws: `RepositoryError` with `busy` where others write it all the time; with `notAllowed` where it is signed, and
    ///   there are no keys, or they do not sign.
    package func update(isComplete: Bool = false) throws -> Report {
        try store.prepareToWrite()
        var position = try store.position
        let wanted = position.sequence
        var contention = Contention()
        var isCrowded = false
        for _ in 0..<SummaryView.attempts {
            let begin = ContinuousClock.now
            let look = signers.isEmpty ? StoredSignatures.look(in: store) : nil
            var signatures = try signers.isEmpty ? nil : StoredSignatures.read(in: store, for: signers)
            var present = try read()
            try look.map { try StoredSignatures.checkAbsence($0, in: store) }
            if isComplete { present.sequence = nil }
            if let sequence = present.sequence, sequence >= wanted, let entries = present.entries {
                if let mapping = present.mapping { try signatures?.tidy(beside: mapping, present.version) }
                return Report(refs: entries.count, size: present.mapping?.bytes.count ?? 0)
            }
            // Many wait for this one meanwhile, so it has all that there is.
            if isCrowded { position = try store.log.newest(after: position) }
            if let report = try replace(present, by: position, &signatures) { return report }
            isCrowded = try contention.wait(after: begin.duration(to: .now), store.cancellation)
        }
        throw RepositoryError(
            .busy,
            "cannot update the summary of \(client.location): others replace it all the time, so leave it to one of them"
        )
    }

    /// Puts a summary in the place of the one that was read.
    ///
    /// - Returns: nil if others were quicker, or nobody knows.
    private func replace(
        _ present: Present, by position: PublicationLog.Position, _ signatures: inout StoredSignatures?
    ) throws -> Report? {
        let file = try SummaryView.temporaryFile()
        let report = try withExtendedLifetime(present) { try write(position, over: present, into: file) }
        guard try signatures?.announce(file, over: present.mapping, present.version) ?? true else {
            return nil
        }
        let put = S3Operation.put(
            key, .file(file, 0..<UInt64(report.size)),
            if: present.version.map(PutCondition.ifMatch) ?? .ifAbsent, cacheControl: "no-cache")
        do {
            guard case .stored(let version) = try client.run(put, cancellation: store.cancellation) else {
                return nil
            }
            try signatures?.tidy(beside: FileMapping(file), version)
            return report
        } catch let error as S3Error where error.code == .outcomeUnknown { return nil }
    }

    /// Brings the summary up to date after a publication of this session, if there was one. A large one is left to 'repo
    /// summary', since each push would read and write all of it.
    ///
    /// - Parameter makesMissing: true to make one where there is none.
    package func updateAfterPublication(makesMissing: Bool) throws {
        guard store.hasPublished else { return }
        let size = try size()
        guard size.map({ $0 <= SummaryView.largeSize }) ?? makesMissing else { return }
        _ = try update()
    }

    private static func temporaryFile() throws -> Descriptor {
        try Directory(Environment["TMPDIR"] ?? "/var/tmp").unnamedFile()
    }

    private func read() throws -> Present {
        let file = try SummaryView.temporaryFile()
        let get = S3Operation.stream(key, into: file)
        guard let found = try client.run(get, cancellation: store.cancellation).found else {
            return Present()
        }
        var present = Present(version: found.etag, mapping: try FileMapping(file))
        if let entries = present.entries, let metadata = try? Variant(parsing: entries.metadata, as: "a{sv}")
        {
            present.sequence = metadata.entry(SummaryView.entryKey)?.uint64
        }
        return present
    }

    // MARK: Writing

    private func write(
        _ position: PublicationLog.Position, over present: Present, into file: Descriptor
    ) throws -> Report {
        let entry = position.newest.entry
        var writer = try SummaryWriter(file, expectedCount: present.entries?.count ?? 0)
        if let old = present.entries, let sequence = present.sequence, sequence >= entry.base {
            let edits = Dictionary(entry.edits(behind: sequence).map { ($0.ref, $0.new) }) { $1 }
            try merge(edits.map { ($0.key, $0.value) }.sorted { $0.0.text.precedes($1.0.text) }, old, &writer)
        } else {
            try writeAll(position, present.entries, &writer)
        }
        try writer.finish(metadata: metadata(entry.sequence))
        return Report(refs: writer.count, size: writer.size)
    }

    /// Copies entries, and replaces those of edited refs.
    private func merge(
        _ edits: [(ref: RefName, commit: Checksum?)], _ old: SummaryEntries, _ writer: inout SummaryWriter
    ) throws {
        let facts = try facts(of: edits.compactMap(\.commit))
        var rest = edits[...]
        func appendFirst() throws {
            guard let edit = rest.popFirst(), let commit = edit.commit, let found = facts[commit] else {
                return
            }
            try writer.append(name: edit.ref.text.utf8, commit: commit, found)
        }
        for index in 0..<old.count {
            guard let entry = old.entry(index), let name = SummaryEntries.name(entry) else { continue }
            while let next = rest.first, next.ref.text.utf8.lexicographicallyPrecedes(name) {
                try appendFirst()
            }
            if let next = rest.first, next.ref.text.utf8.elementsEqual(name) {
                try appendFirst()
            } else {
                try writer.append(copying: entry)
            }
        }
        while !rest.isEmpty { try appendFirst() }
    }

    /// Writes all refs, and copies the entries of those whose commit is the same.
    private func writeAll(
        _ position: PublicationLog.Position, _ old: SummaryEntries?, _ writer: inout SummaryWriter
    ) throws {
        let refs = try store.log.refs(at: position)
        var index = 0
        for start in stride(from: 0, to: refs.count, by: SummaryView.batchSize) {
            let batch = refs[start..<min(start + SummaryView.batchSize, refs.count)]
            var copied: [Int: UnsafeRawBufferPointer] = [:]
            for place in batch.indices {
                if let entry = SummaryView.entry(of: batch[place], in: old, from: &index) {
                    copied[place] = entry
                }
            }
            let facts = try facts(of: batch.indices.filter { copied[$0] == nil }.map { batch[$0].commit })
            for place in batch.indices {
                let (ref, commit) = batch[place]
                if let entry = copied[place] {
                    try writer.append(copying: entry)
                } else if let found = facts[commit] {
                    try writer.append(name: ref.text.utf8, commit: commit, found)
                }
            }
        }
    }

    /// Finds the entry of a ref with the same commit, from the place of an earlier ref on.
    private static func entry(
        of ref: (ref: RefName, commit: Checksum), in old: SummaryEntries?, from index: inout Int
    ) -> UnsafeRawBufferPointer? {
        guard let old else { return nil }
        while index < old.count {
            guard let entry = old.entry(index), let name = SummaryEntries.name(entry) else {
                index += 1
                continue
            }
            if name.lexicographicallyPrecedes(ref.ref.text.utf8) {
                index += 1
                continue
            }
            guard name.elementsEqual(ref.ref.text.utf8),
                let commit = SummaryEntries.commit(entry, nameCount: name.count),
                Checksum(bytes: commit) == ref.commit
            else { return nil }
            return entry
        }
        return nil
    }

    /// Reads commits, many at the same time.
    private func facts(of commits: [Checksum]) throws -> [Checksum: SummaryWriter.CommitFacts] {
        let found = Monitor<[Checksum: SummaryWriter.CommitFacts]>([:])
        let window = RequestWindow(client, cancellation: store.cancellation)
        for commit in Set(commits) {
            let name = ObjectName(commit, .commit)
            let location = client.location
            try window.run(
                .get(store.withObjects { $0.key(name) }, limit: Commit.maximumMetadataSize)
            ) { result in
                guard let bytes = result.found?.bytes else {
                    throw RepositoryError(
                        .missingObject,
                        "commit \(commit) of \(location) is not there, though a ref points to it: look with 'bst-artifact "
                            + "repo fsck'")
                }
                let timestamp = try bytes.withUnsafeBytes { try Commit($0, name) }.timestamp
                found.withLock {
                    $0[commit] = .init(size: UInt64(bytes.count), timestamp: UInt64(timestamp))
                }
            }
        }
        try window.finish()
        return found.withLock { $0 }
    }

    private func metadata(_ sequence: UInt64) -> [UInt8] {
        // So that a version that was signed never comes back.
        let nonce = signers.isEmpty ? [] : [("bst-artifact.nonce", Variant.bytes(LogEntry.makeID()))]
        return Variant.dictionary(
            [
                ("ostree.summary.mode", .string("archive-z2")),
                ("ostree.summary.last-modified", .uint64(UInt64(clamping: time(nil)).bigEndian)),
                ("ostree.summary.tombstone-commits", .bool(false)),
                ("ostree.summary.indexed-deltas", .bool(false)),
                (SummaryView.entryKey, .uint64(sequence)),
            ] + nonce
        ).serialized()
    }
}
