// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// The record of refs in `refs/heads` that mirror those of a remote. Others in there are the repository's own, which
/// nothing removes because a remote lacks them.
///
/// Format of `state/bst-artifact-mirrored-DIGEST`: the remote, then one ref a line, sorted.
extension Repository {
    private static let mirroredRefsLimit = 256 << 20

    private func mirroredRefsPath(_ remote: String) -> String {
        "state/bst-artifact-mirrored-\(Digest(of: Array(remote.utf8)).finish().hex.prefix(16))"
    }

    /// Returns the refs that mirror those of a remote.
    ///
    /// - Parameter remote: The name or address of the remote.
    public func mirroredRefs(of remote: String) throws -> Set<RefName> {
        guard let file = try root.fileIfPresent(mirroredRefsPath(remote)) else { return [] }
        let lines = try file.readAll(limit: Repository.mirroredRefsLimit).split(separator: UInt8(ascii: "\n"))
        guard let first = lines.first, first.elementsEqual(remote.utf8) else { return [] }
        return Set(lines.dropFirst().compactMap { RefName(String(decoding: $0, as: UTF8.self)) })
    }

    /// Records the refs that mirror those of a remote, in place of an earlier record.
    public func recordMirroredRefs(_ refs: Set<RefName>, of remote: String) throws {
        let lines = [remote] + refs.sorted().map(\.text)
        try withRefLock {
            let state = try standardDirectory("state")
            try replaceFile(mirroredRefsPath(remote), with: Array(lines.map { "\($0)\n" }.joined().utf8))
            try state.sync()
        }
    }
}
