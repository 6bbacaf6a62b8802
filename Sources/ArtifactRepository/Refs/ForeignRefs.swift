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
        for place in ["remotes", "mirrors"] {
            guard let owners = try root.directoryIfPresent("refs/\(place)") else { continue }
            for owner in try owners.entries() {
                guard let refs = try owners.directoryIfPresent(owner) else { continue }
                try collect(refs, "") { ref, commit in
                    let isMirrored = place == "mirrors"
                    found.append(
                        ForeignRef(
                            description: isMirrored ? "(\(owner), \(ref))" : "\(owner):\(ref)", ref: ref,
                            source: isMirrored ? commit : "\(owner):\(ref)"))
                }
            }
        }
        return found.sorted { $0.description < $1.description }
    }

    private func collect(_ directory: Directory, _ prefix: String, _ body: (RefName, String) -> Void) throws {
        for entry in try directory.entries() {
            if let below = try directory.directoryIfPresent(entry) {
                try collect(below, "\(prefix)\(entry)/", body)
            } else if let ref = RefName(prefix + entry) {
                let bytes = try directory.openFile(entry).readAll(limit: 4096)
                body(ref, String(decoding: bytes.prefix(64), as: UTF8.self))
            }
        }
    }
}
