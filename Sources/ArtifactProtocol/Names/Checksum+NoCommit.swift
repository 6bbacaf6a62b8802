// SPDX-License-Identifier: Apache-2.0

// Messages, journals, logs and hooks write 64 zeros for no commit, as git does.

extension Checksum {
    /// Sixty-four zeros.
    package static let noCommit = String(repeating: "0", count: 64)

    /// The digits of a commit; zeros for none.
    package static func hexOrZeros(_ commit: Checksum?) -> String { commit?.hex ?? noCommit }

    /// The commit itself; nil for zeros.
    package var unlessZeros: Checksum? { hex == Checksum.noCommit ? nil : self }
}
