// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// A ref that a repository has for somebody else: what was pulled from a remote, or mirrored for a collection.
public struct ForeignRef: Sendable, Equatable {
    /// The name that `ostree refs` shows: `origin:os/1`, or `(org.example.OS, os/1)`.
    public var description: String
    /// Its name at the other's.
    public var ref: RefName
    /// The name that commands of ostree take: `origin:os/1`, or its commit.
    public var source: String
}

extension Repository {
    /// The refs below `refs/remotes` and `refs/mirrors`, sorted.
    public func foreignRefs() throws -> [ForeignRef] {
        var found: [ForeignRef] = []
        for kind in ["remotes", "mirrors"] {
            try forEachRefFile(below: "refs/\(kind)") { file in
                let parts = file.path.utf8.dropFirst("refs/\(kind)/".utf8.count)
                    .split(separator: UInt8(ascii: "/"), maxSplits: 1)
                guard parts.count == 2, let ref = RefName(Substring(parts[1])) else { return true }
                let owner = String(Substring(parts[0]))
                let isMirrored = kind == "mirrors"
                let bytes = try root.openFile(file.path).readAll(limit: 4096)
                found.append(
                    ForeignRef(
                        description: isMirrored ? "(\(owner), \(ref))" : "\(owner):\(ref)", ref: ref,
                        source: isMirrored
                            ? String(decoding: bytes.prefix(64), as: UTF8.self) : "\(owner):\(ref)"))
                return true
            }
        }
        return found.sorted { $0.description < $1.description }
    }
}
