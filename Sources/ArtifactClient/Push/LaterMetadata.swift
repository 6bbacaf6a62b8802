// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Signatures and other detached metadata that a pushed commit has got since the remote got the commit.
public enum LaterMetadata: Sendable, Equatable {
    /// The remote has them now; in a dry run, it would.
    case added(MetadataAddition)
    /// The remote does not have them: its receiver takes none for a commit that is there.
    case lacking(MetadataAddition)
    /// The commit has some, and the remote does not tell what it has.
    case untold(MetadataAddition)
}

/// Compares the detached metadata of our commits with that of a remote.
struct MetadataComparison {
    let repository: Repository
    /// The digests of the remote's items, by commit; nil if the remote does not tell any.
    let remote: [Checksum: Set<Checksum>]?

    /// Returns true if the remote may lack a part of the detached metadata of a commit, and takes it.
    func mustSend(_ commit: Checksum) throws -> Bool {
        guard let remote else { return false }
        return try remote[commit] == nil ? all(of: commit) != nil : addition(to: commit) != nil
    }

    /// Returns the parts of a commit's detached metadata that the remote lacks; nil if there are none, or if it does not tell.
    func addition(to commit: Checksum) throws -> MetadataAddition? {
        guard let present = remote?[commit] else { return nil }
        return try MetadataAddition(repository.detachedMetadata(of: commit), besides: present)
    }

    /// Returns a commit's own detached metadata; nil if it has none.
    func all(of commit: Checksum) throws -> MetadataAddition? {
        try MetadataAddition(repository.detachedMetadata(of: commit), besides: [])
    }
}
