// SPDX-License-Identifier: Apache-2.0

import Variants

/// A collection of garbage, as far as it has come.
package struct Collection: Equatable, Sendable {
    /// The phases, in their order.
    package enum Phase: String, Sendable {
        /// The garbage is listed, and can be saved.
        case condemned
        /// The garbage is being removed, and can no longer be saved.
        case sweeping
        /// The garbage is gone.
        case swept
    }

    /// The number of the collection.
    package var number: UInt64
    /// The random bytes in the keys of the list of what is condemned.
    package var list: [UInt8]
    /// The number of parts of this list.
    package var parts: UInt64
    /// The phase.
    package var phase: Phase
    /// The random bytes of the collector that sweeps; empty in other phases.
    package var sweeper: [UInt8]

    /// Describes a collection.
    package init(
        _ number: UInt64, list: [UInt8], parts: UInt64, _ phase: Phase, sweeper: [UInt8] = []
    ) {
        (self.number, self.list, self.parts, self.phase, self.sweeper) = (number, list, parts, phase, sweeper)
    }

    private static let type = "(taytsay)"

    var value: Variant {
        .tuple([.uint64(number), .bytes(list), .uint64(parts), .string(phase.rawValue), .bytes(sweeper)])
    }

    /// Reads a collection; nil where it is malformed.
    init?(_ value: Variant) {
        guard value.typeString == Collection.type, let number = value[0].uint64, let list = value[1].bytes,
            let parts = value[2].uint64, let phase = value[3].string.flatMap(Phase.init),
            let sweeper = value[4].bytes, list.count == LogEntry.idSize,
            sweeper.count == (phase == .sweeping ? LogEntry.idSize : 0)
        else { return nil }
        self.init(number, list: list, parts: parts, phase, sweeper: sweeper)
    }
}
