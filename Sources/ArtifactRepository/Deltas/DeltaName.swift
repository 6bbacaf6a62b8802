// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TextCoding

/// The name of a static delta: the commits between which it leads.
package struct DeltaName: Hashable, Sendable, CustomStringConvertible {
    /// The commit whose objects it builds on; nil for a delta from nothing.
    package let source: Checksum?
    /// The commit that it leads to.
    package let target: Checksum

    /// Names a delta.
    package init(from source: Checksum?, to target: Checksum) {
        (self.source, self.target) = (source, target)
    }

    /// Parses `SOURCE-TARGET` or `TARGET`, each in hexadecimal digits, as in summaries and indexes.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let target = parts.last.flatMap({ Checksum(hex: $0) }) else {
            return nil
        }
        self.target = target
        source = parts.count == 2 ? Checksum(hex: parts[0]) : nil
        guard (source == nil) == (parts.count == 1) else { return nil }
    }

    /// The form in summaries and indexes.
    package var description: String { source.map { "\($0)-\(target)" } ?? "\(target)" }

    /// The directory of the delta, below the repository.
    package var path: String {
        let name = source.map { "\(DeltaName.digits($0))-\(DeltaName.digits(target))" }
        return "deltas/" + DeltaName.split(name ?? DeltaName.digits(target))
    }

    /// The path of the superblock, below the repository.
    package var superblockPath: String { "\(path)/superblock" }

    /// The path of a part, below the repository.
    package func partPath(_ index: Int) -> String { "\(path)/\(index)" }

    /// The path of the index of all deltas to a commit, below the repository.
    package static func indexPath(of target: Checksum) -> String {
        "delta-indexes/\(split(digits(target))).index"
    }

    private static func split(_ name: String) -> String { "\(name.prefix(2))/\(name.dropFirst(2))" }

    /// A checksum in 43 digits of base64, with `_` instead of `/`.
    private static func digits(_ checksum: Checksum) -> String {
        let text = Base64.encode(checksum.bytes).utf8.filter { $0 != UInt8(ascii: "=") }
        return String(
            decoding: text.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
    }
}
