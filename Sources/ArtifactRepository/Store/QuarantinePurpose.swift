// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The purpose of a quarantine, which decides the fate of its objects when its owner is interrupted.
public enum QuarantinePurpose: Sendable, Equatable {
    /// Its objects go with its owner.
    case transient
    /// It starts with the verified objects of an interrupted predecessor, preferably of the same identity, and leaves its
    /// own to a successor of the same kind unless it is discarded.
    case resumable(Kind, identity: Checksum)

    /// The kinds of transfer that are resumed.
    public enum Kind: String, Sendable {
        /// The receiving end of a push.
        case push
        /// A pull.
        case pull
    }

    /// The purpose of bringing commits here for refs, or without: a transfer of the same ones resumes.
    public static func resumable(
        _ kind: Kind, for refs: [(ref: RefName, commit: Checksum)], and commits: [Checksum] = []
    ) -> QuarantinePurpose {
        let digest = Digest()
        for (ref, commit) in refs.sorted(by: { $0.ref < $1.ref }) {
            digest.update(Array("\(ref) \(commit)\n".utf8))
        }
        for commit in commits.sorted() { digest.update(Array("\(commit)\n".utf8)) }
        return .resumable(kind, identity: digest.finish())
    }
}
