// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Variants

/// An edit of a ref that an entry of the log has made.
package struct LoggedEdit: Equatable, Sendable {
    /// The number of the entry.
    package var sequence: UInt64
    /// The ref.
    package var ref: RefName
    /// The commit before; nil where there was no such ref.
    package var old: Checksum?
    /// The commit now; nil where the ref was removed.
    package var new: Checksum?

    /// Describes an edit.
    package init(_ sequence: UInt64, _ ref: RefName, from old: Checksum?, to new: Checksum?) {
        (self.sequence, self.ref, self.old, self.new) = (sequence, ref, old, new)
    }

    static let type = "(tsayay)"

    var value: Variant {
        .tuple([.uint64(sequence), .string(ref.text), .bytes(old?.bytes ?? []), .bytes(new?.bytes ?? [])])
    }

    /// Reads an edit; nil where it is malformed.
    init?(_ value: Variant) {
        guard let sequence = value[0].uint64, let ref = value[1].string.flatMap({ RefName($0) }),
            let old = OptionalChecksum(value[2]), let new = OptionalChecksum(value[3])
        else { return nil }
        self.init(sequence, ref, from: old.checksum, to: new.checksum)
    }
}

/// A checksum as 32 bytes, or none as no byte.
struct OptionalChecksum {
    let checksum: Checksum?

    /// Reads one; nil where there is another number of bytes.
    init?(_ value: Variant) {
        let read = value.withBytes { bytes -> Checksum?? in
            if bytes.isEmpty { return .some(nil) }
            return Checksum(bytes: bytes).map { .some($0) }
        }
        guard let outer = read, let inner = outer else { return nil }
        checksum = inner
    }
}
