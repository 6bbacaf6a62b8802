// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository

/// The most that the objects of a bucket may take. Nothing is removed for what is new.
package struct BucketSizeLimit: Sendable {
    private let maximum: UInt64
    private let warn: @Sendable (String) -> Void

    /// Sets a limit.
    ///
    /// - Parameters:
    ///   - maximum: the size in bytes.
    ///   - warn: receives a sentence where nobody has found out how large all objects are, so that everything is taken.
    package init(_ maximum: UInt64, warn: @escaping @Sendable (String) -> Void) {
        (self.maximum, self.warn) = (maximum, warn)
    }

    /// Checks that there is room for new objects.
    ///
    /// - Parameters:
    ///   - entry: the newest entry of the log.
    ///   - location: the cache, as messages name it.
    ///   - size: returns the size of the new objects in bytes, or more, as it is found out without requests or with them.
    /// - Throws: `RepositoryError` with `noSpace`.
    func check(
        at entry: LogEntry, of location: String, _ size: (_ mayAsk: Bool) throws -> UInt64
    ) throws {
        let bytes = try size(false)
        guard bytes > 0 else { return }
        guard let stored = entry.storedBytes else {
            return warn(
                "nobody knows how much \(location) has, so its limit of \(maximum) bytes does not hold yet: run 'bst-artifact repo "
                    + "expire \(location)', which finds out")
        }
        let room = maximum - min(maximum, stored)
        guard bytes > room, try size(true) > room else { return }
        throw RepositoryError(
            .noSpace,
            "the push does not fit into the cache at \(location), which takes at most \(maximum) bytes and has \(stored): push less, "
                + "or ask its administrator for more, or to make room with 'bst-artifact repo expire'")
    }
}
