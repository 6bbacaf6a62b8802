// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// A ref that was pulled from a remote, or mirrored for a collection.
public struct ForeignRef: Sendable, Equatable {
    /// The name that `ostree refs` shows: `origin:os/1`, or `(org.example.OS, os/1)`.
    public var description: String
    /// Its name in the remote or collection.
    public var ref: RefName
    /// Its commit.
    public var commit: Checksum
    /// The name that commands of ostree take: `origin:os/1`, or its commit.
    public var source: String
}

extension Repository {
    /// The refs below `refs/remotes` and `refs/mirrors`, sorted.
    public func foreignRefs() throws -> [ForeignRef] {
        var found: [ForeignRef] = []
        for kind in ["remotes", "mirrors"] {
            try forEachRefFile(below: "refs/\(kind)") { file in
                let path = RefPath(file.path.dropFirst("refs/".count))
                guard let ref = RefName(path.name) else { return true }
                let text = String(
                    decoding: try root.openFile(file.path).readAll(limit: 4096).prefix(64), as: UTF8.self)
                guard let commit = Checksum(hex: text) else { return true }
                let name = kind == "mirrors" ? "(\(path.owner), \(ref))" : "\(path.owner):\(ref)"
                found.append(
                    ForeignRef(
                        description: name, ref: ref, commit: commit, source: kind == "mirrors" ? text : name))
                return true
            }
        }
        return found.sorted { $0.description < $1.description }
    }
}
