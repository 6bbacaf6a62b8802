// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// Objects that are likely to be sent ahead, chosen and being encoded before the receiver has told what it has.
struct PreparedObjects {
    let commits: [Checksum]
    /// Sends the objects.
    let answerer: ObjectAnswerer<WantingReceiver>

    /// Returns true if the receiver has the commits that the new ones were compared with, and no better ones for that.
    ///
    /// - Parameter replaced: the commits of its refs that are about to be replaced.
    func fits(
        _ info: Info, replacing replaced: some Sequence<Checksum>, from repository: Repository
    ) throws -> Bool {
        let bases = answerer.bases
        guard try replaced.allSatisfy({ try bases.contains($0) || !repository.hasWhole($0) }) else {
            return false
        }
        guard !bases.isEmpty else { return info.similar.isEmpty }
        return bases.isSubset(of: Set(info.similar).union(info.refs.values))
    }
}
