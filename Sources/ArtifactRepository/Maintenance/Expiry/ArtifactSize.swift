// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

extension Repository {
    /// Returns the total size in bytes of a commit and the objects that it needs, each counted once: in an archive
    /// repository, the bytes that a pull into an empty repository fetches. Missing objects do not count. Reads the size
    /// of every object.
    public func length(of commit: Checksum) throws -> UInt64 {
        var reachable = ReachableObjects(self)
        try reachable.add(commit)
        return reachable.length
    }

    /// The stored total of the objects' disk usage in bytes, without static deltas; nil if it is out of date. Reading
    /// it counts nothing and takes no lock.
    public var rememberedAllocation: UInt64? {
        // Without the lock a publication in progress may be missed; the next read sees it.
        (try? CompleteTrees(self))?.allocatedBytes
    }
}
