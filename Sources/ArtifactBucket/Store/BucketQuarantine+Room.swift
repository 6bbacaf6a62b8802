// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

extension BucketQuarantine {
    /// The number of objects about which the bucket is asked before the answers are needed.
    private static let lookahead = 200

    /// Checks that what is needed and here fits beside what the bucket has.
    ///
    /// - Throws: `RepositoryError` with `noSpace`.
    func checkRoom(for needed: NeededObjects, at position: PublicationLog.Position) throws {
        guard let limit = store.sizeLimit else { return }
        let names = needed.leaves + needed.trees.joined() + needed.commits
        try limit.check(at: position.newest.entry, of: store.location) { mayAsk in
            try sizeOfNew(names, asking: mayAsk)
        }
    }

    /// Returns the size of objects that are here and not known to be in the bucket.
    ///
    /// - Parameter asking: true to ask the bucket about each of them.
    private func sizeOfNew(_ names: [ObjectName], asking: Bool) throws -> UInt64 {
        let received = try names.filter(holdsOrKeeps)
        var sum: UInt64 = 0
        for (index, name) in received.enumerated() {
            if asking, index + BucketQuarantine.lookahead < received.count {
                store.withObjects { $0.prefetch(received[index + BucketQuarantine.lookahead]) }
            }
            let presence = try store.withObjects { objects in
                asking ? try objects.presence(name) : try objects.presenceIfKnown(name) ?? .absent
            }
            if presence == .absent, let size = try sizeOfReceived(name) { sum += UInt64(size) }
        }
        return sum
    }
}
