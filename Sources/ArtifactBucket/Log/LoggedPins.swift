// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// The pins as of an entry of the log.
package struct LoggedPins: Equatable, Sendable {
    /// The number of the entry that has changed them last.
    package var sequence: UInt64
    /// The digest of the node that has them.
    package var node: Checksum

    /// Describes pins.
    package init(_ sequence: UInt64, _ node: Checksum) { (self.sequence, self.node) = (sequence, node) }

    private static let type = "(tay)"

    var value: Variant { .tuple([.uint64(sequence), .bytes(node.bytes)]) }

    /// Reads pins; nil where they are malformed.
    init?(_ value: Variant) {
        guard value.typeString == LoggedPins.type, let sequence = value[0].uint64,
            let node = value[1].withBytes({ Checksum(bytes: $0) }) ?? nil
        else { return nil }
        self.init(sequence, node)
    }
}
