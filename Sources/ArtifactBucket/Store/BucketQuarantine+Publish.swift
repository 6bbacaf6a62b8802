// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import S3
import SystemCalls

extension BucketQuarantine {
    /// Files up to this size are read before they are put, so that they travel with their headers.
    private static let smallFile: UInt64 = 64 << 10

    /// Puts what was received and is needed, and creates the entry of the log that publishes it.
    func publish(
        _ edits: [RefEdit], moves: RefMovePolicy, merging: MetadataMerge, scope: PublicationScope
    ) throws -> [RefEditResult] {
        try settle()
        try finishEarlyPuts()
        try local.checkDetachedMetadata(of: edits.compactMap(\.new) + scope.commits)
        isPublishing = true
        while true {
            do {
                return try put(edits, moves, merging, scope)
            } catch let error as CollectionMoved {
                // Objects that were found or put may be gone.
                store.begin(at: try store.log.newest(after: error.position))
                beginAgain()
            }
        }
    }

    /// - Throws: `CollectionMoved` where a collection has begun or gone on since the objects were looked for.
    private func put(
        _ edits: [RefEdit], _ moves: RefMovePolicy, _ merging: MetadataMerge, _ scope: PublicationScope
    ) throws -> [RefEditResult] {
        let position = try store.position
        let first = try checked(edits, moves, at: position)
        store.note(first)
        var needed = NeededObjects(self)
        // A ref that stays where it is needs nothing new.
        for result in first where result.outcome == .moved {
            if let new = result.new { try needed.require(new) }
        }
        for commit in scope.commits { try needed.require(commit) }
        let saved = try store.condemned(needed.names, at: position)
        try checkRoom(for: needed, at: position)
        try upload(needed, marking: saved.isEmpty)
        for commit in Set(needed.commits.map(\.checksum) + edits.compactMap(\.new)) {
            try mergeDetachedMetadata(of: commit, merging)
        }
        return try store.publish(asOf: position, saving: saved, telling: putBytes) {
            try checked(edits, moves, at: $0)
        }
    }

    private func checked(
        _ edits: [RefEdit], _ moves: RefMovePolicy, at position: PublicationLog.Position
    ) throws -> [RefEditResult] {
        try zip(edits, store.results(of: edits, moves, at: position)).map { edit, result in
            try edit.check(result, moves: moves, parent: { try self.commit($0)?.parent })
            return result
        }
    }

    /// Puts objects, those that need others behind them.
    ///
    /// - Parameter marking: true to mark directories as complete.
    private func upload(_ needed: NeededObjects, marking: Bool) throws {
        for names in [needed.leaves] + needed.trees + [needed.commits] {
            let window = RequestWindow(store.client, cancellation: store.cancellation)
            for name in names {
                if let (put, size) = try put(of: name, marking: marking && name.type == .dirtree) {
                    try window.run(put) { [putBytes] in putBytes.add(size, for: $0) }
                }
            }
            try window.finish()
            store.withObjects { objects in
                for name in names {
                    objects.note(name, marking && name.type == .dirtree ? .marked : .present)
                }
            }
        }
    }

    /// The request that puts an object, or marks one that is there, with the bytes by which the bucket grows; nil where there is
    /// nothing to do.
    private func put(of name: ObjectName, marking: Bool) throws -> (S3Operation<PutResult>, UInt64)? {
        let (key, version, mark, isPresent) = try store.withObjects { objects in
            (
                objects.key(name), objects.version(of: name), objects.mark,
                try objects.presenceIfKnown(name) ?? .absent != .absent
            )
        }
        guard !isPresent else {
            // Replaced by the same bytes, unless it is gone.
            guard marking, let version, let bytes = try metadata(name) else { return nil }
            let put = S3Operation.put(
                key, .bytes(bytes), if: .ifMatch(version), cacheControl: BucketObjects.cacheControl,
                metadata: mark)
            return (put, 0)
        }
        guard let file = try local.openReceived(name) else { return nil }
        let size = UInt64(clamping: try file.status().st_size)
        let body: S3Body =
            size <= BucketQuarantine.smallFile
            ? .bytes(try file.readAll(limit: Int(size))) : .file(file, 0..<size)
        // One that is there by now is as good.
        let put = S3Operation.put(
            key, body, if: .ifAbsent, cacheControl: BucketObjects.cacheControl,
            metadata: marking ? mark : nil)
        return (put, size)
    }

    /// Adds received detached metadata to what the bucket has for a commit.
    private func mergeDetachedMetadata(of commit: Checksum, _ merging: MetadataMerge) throws {
        let name = ObjectName(commit, .commitmeta)
        guard try holds(name), let received = try local.metadata(name) else { return }
        let key = store.withObjects { $0.key(name) }
        let limit = Commit.maximumMetadataSize
        var found = try store.client.run(
            .get(key, limit: limit, isFresh: true), cancellation: store.cancellation
        ).found
        while true {
            let merged =
                try found.map { try merging.merged($0.bytes, received, of: commit) } ?? received
            if merged == found?.bytes { return }
            let written = try store.client.replaceOrRead(
                key, merged, replacing: found?.attributes.etag, limit: limit, cacheControl: "no-cache",
                cancellation: store.cancellation)
            guard case .other(let other) = written else {
                return putBytes.add(UInt64(max(0, merged.count - (found?.bytes.count ?? 0))))
            }
            found = other
        }
    }
}
