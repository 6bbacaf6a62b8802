// SPDX-License-Identifier: Apache-2.0

import Variants

/// The size of all objects, as a collection of garbage has found it by listing them.
package struct Measurement: Equatable, Sendable {
    /// The number of the entry that says so first.
    package var sequence: UInt64
    /// The size in bytes, less what has been removed since.
    package var bytes: UInt64
    /// The number of bytes that publications had put before the list began. What came during the list counts twice rather than not at
    /// all.
    package var put: UInt64

    /// Describes a measurement.
    package init(_ sequence: UInt64, bytes: UInt64, put: UInt64) {
        (self.sequence, self.bytes, self.put) = (sequence, bytes, put)
    }

    private static let type = "(ttt)"

    var value: Variant { .tuple([.uint64(sequence), .uint64(bytes), .uint64(put)]) }

    /// Reads a measurement; nil where it is malformed.
    init?(_ value: Variant) {
        guard value.typeString == Measurement.type, let sequence = value[0].uint64,
            let bytes = value[1].uint64, let put = value[2].uint64
        else { return nil }
        self.init(sequence, bytes: bytes, put: put)
    }
}
