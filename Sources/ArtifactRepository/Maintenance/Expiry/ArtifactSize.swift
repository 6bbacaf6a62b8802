// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

extension Repository {
    /// How many bytes long a commit and all that it needs are, each object once: of an archive repository, what a pull of
    /// it into an empty one fetches. What is missing does not count. Every object is looked at.
    public func length(of commit: Checksum) throws -> UInt64 {
        var reachable = ReachableObjects(self)
        try reachable.add(commit)
        return reachable.length
    }

    /// The bytes of disk that the objects take, without static deltas, as far as that is remembered; nothing is counted, and
    /// nothing locked.
    public var rememberedAllocation: UInt64? {
        // Who publishes right now is seen or not; the next one who asks sees it.
        (try? CompleteTrees(self))?.allocatedBytes
    }
}
