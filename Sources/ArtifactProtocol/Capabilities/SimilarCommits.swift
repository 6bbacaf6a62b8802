// SPDX-License-Identifier: Apache-2.0

import Variants

/// The value of `similar` in `info`, `aay`: commits.
package enum SimilarCommits {
    /// The most commits of a message. Further ones are ignored.
    package static let limit = 16

    static func parse(_ value: Variant?) throws(ProtocolError) -> [Checksum] {
        guard let value else { return [] }
        guard value.typeString == "aay" else {
            throw ProtocolError(
                .malformed,
                "the peer's info has similar commits of type \(value.typeString.forDisplay(limit: 40)), not aay"
            )
        }
        return try (0..<min(value.count, limit)).map { (index) throws(ProtocolError) in
            guard let commit = value[index].withBytes({ Checksum(bytes: $0) }) ?? nil else {
                throw ProtocolError(
                    .malformed, "the peer's info has a similar commit of another size than 32 bytes")
            }
            return commit
        }
    }

    static func value(_ commits: [Checksum]) -> Variant {
        .array(of: "ay", commits.prefix(limit).map { .bytes($0.bytes) })
    }
}
