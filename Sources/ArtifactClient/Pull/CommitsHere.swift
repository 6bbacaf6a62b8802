// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The commits in a repository that those of a remote's refs are likely to resemble.
public struct CommitsHere: Sendable {
    /// The commits of the same refs.
    let byRef: [RefName: Checksum]
    /// The commits of refs beside those that are not here.
    let beside: [Checksum]

    /// Describes a repository of which nothing is known.
    public init() { (byRef, beside) = ([:], []) }

    /// Looks for the commits of refs, and of those beside them.
    ///
    /// - Throws: `RepositoryError` or `SystemError` where refs cannot be read.
    public init(_ repository: Repository, for refs: [RefName]) throws {
        var byRef: [RefName: Checksum] = [:]
        for ref in refs { byRef[ref] = try repository.commit(of: ref) }
        self.byRef = byRef
        beside = try repository.commits(beside: refs.filter { byRef[$0] == nil })
    }
}
