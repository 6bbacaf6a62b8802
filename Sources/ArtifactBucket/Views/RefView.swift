// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// The content of a key below `refs/heads`, by which other programs read a ref.
///
/// Behind the commit and a line feed stands the number of the entry that has edited the ref, in 64 blanks: a space for 0, a tab
/// for 1. So no two publications write the same bytes, and readers, which strip blanks, do not notice. A ref that is gone has
/// zeros in place of its commit.
struct RefView: Equatable {
    let commit: Checksum?
    let sequence: UInt64

    init(_ commit: Checksum?, sequence: UInt64) { (self.commit, self.sequence) = (commit, sequence) }

    init(of edit: LoggedEdit) { self.init(edit.new, sequence: edit.sequence) }

    /// Reads a view; nil for something else. One without a number, of another program, is older than all.
    init?(_ bytes: [UInt8]) {
        let digits = bytes.prefix { $0 > 32 }
        guard let commit = Checksum(hex: String(decoding: digits, as: UTF8.self)) else { return nil }
        let blanks = bytes.dropFirst(digits.count + 1)
        self.init(
            commit.unlessZeros,
            sequence: blanks.count == UInt64.bitWidth
                ? blanks.reduce(0) { $0 << 1 | ($1 == UInt8(ascii: "\t") ? 1 : 0) } : 0)
    }

    var bytes: [UInt8] {
        let blanks = (0..<UInt64.bitWidth).reversed().map { bit in
            sequence >> UInt64(bit) & 1 == 1 ? UInt8(ascii: "\t") : UInt8(ascii: " ")
        }
        return Array(Checksum.hexOrZeros(commit).utf8) + [UInt8(ascii: "\n")] + blanks
    }

    /// The largest content that is read, in bytes.
    static let maximumSize = 4096

    static let directory = "refs/heads/"

    /// The key of a ref's view, below the cache's prefix.
    static func name(of ref: RefName) -> String { directory + ref.text }
}
