// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The commits of the edits of a push, each once. The refs, of which there may be many more, are not needed while objects travel.
struct PushedCommits {
    /// All of them.
    private(set) var all: [Checksum] = []
    /// Those that some ref does not point to yet.
    private(set) var moved: [Checksum] = []
    /// The commits that they take the place of.
    private(set) var bases: [Checksum: Checksum] = [:]

    init(_ edits: [RefEdit]) {
        var (seen, seenMoved): (Set<Checksum>, Set<Checksum>) = ([], [])
        for edit in edits {
            guard let new = edit.new else { continue }
            let old = edit.previous.commit
            if seen.insert(new).inserted { all.append(new) }
            if new != old, seenMoved.insert(new).inserted { moved.append(new) }
            if let old, bases[new] == nil { bases[new] = old }
        }
    }
}
