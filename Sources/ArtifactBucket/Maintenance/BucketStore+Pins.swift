// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

extension BucketStore {
    /// Pins, after a change.
    package typealias ChangedPins = (changed: [String], all: Pins)

    /// The pins at the newest entry that is known.
    package func pins() throws -> Pins { try log.pins(at: position) }

    /// Pins refs, or all that match patterns, also those that come later.
    ///
    /// - Parameter refs: refs that must be there.
    /// - Returns: the patterns that were not pinned before, and all pins.
    /// - Throws: `RepositoryError` with `unknownRef` where one of the refs is gone.
    package func pin(_ patterns: [String], requiring refs: [RefName] = []) throws -> ChangedPins {
        try changePins(patterns, isPinned: true) { position in
            for ref in refs where try log.commit(of: ref, at: position) == nil {
                throw RepositoryError(
                    .unknownRef,
                    "ref \(ref) has just been removed from \(location), so nothing is pinned: push it again first"
                )
            }
        }
    }

    /// Removes pins, spelt as they were when they were set.
    ///
    /// - Returns: the patterns that were pinned, and the pins that are left.
    package func unpin(_ patterns: [String]) throws -> ChangedPins {
        try changePins(patterns, isPinned: false) { _ in }
    }

    /// Creates an entry with other pins. Those who remove refs look at the pins of the entry before their own, so none of them
    /// misses what is pinned here.
    private func changePins(
        _ patterns: [String], isPinned: Bool, check: (PublicationLog.Position) throws -> Void
    ) throws -> ChangedPins {
        var result: ChangedPins = ([], Pins())
        let created = try log.append(from: position, author: author) { entry, position in
            try check(position)
            result.all = try log.pins(at: position)
            result.changed = try result.all.change(patterns, isPinned: isPinned, in: location)
            guard !result.changed.isEmpty else { return false }
            try prepareToWrite()
            entry.pins = LoggedPins(
                entry.sequence, try log.pinNodes.put(PinNode.serialized(result.all)))
            return true
        }
        begin(at: created)
        return result
    }
}
