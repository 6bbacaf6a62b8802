// SPDX-License-Identifier: Apache-2.0

import Variants

/// One ref of an `update`: where it is believed to be and where it is to go.
public struct RefUpdate: Equatable, Sendable {
    /// The ref.
    public var ref: RefName
    /// The commit that the client believes the remote has; nil for none (64 zeros on the wire).
    public var old: Checksum?
    /// The commit that the remote is to have.
    public var new: Checksum

    /// Describes a move.
    public init(ref: RefName, old: Checksum?, new: Checksum) {
        self.ref = ref
        self.old = old
        self.new = new
    }

    /// Reads the body of an `update`; a ref may stand in it once.
    static func list(body: Variant) throws(ProtocolError) -> [RefUpdate] {
        var updates: [RefUpdate] = []
        var seen: Set<RefName> = []
        for index in 0..<body.count {
            let entry = body[index]
            let name = entry[0].string ?? ""
            let value = entry[1].unboxed
            let ref = try RefName(received: name)
            guard value.typeString == "(ss)", let old = value[0].string, let new = value[1].string else {
                throw ProtocolError(
                    .malformed,
                    "the peer's update of ref \(ref.text.forDisplay()) is of type "
                        + "\(value.typeString.forDisplay(limit: 40)), not (ss)")
            }
            guard seen.insert(ref).inserted else {
                throw ProtocolError(.malformed, "the peer's update names ref \(ref) twice")
            }
            let oldCommit = old == Checksum.noCommit ? nil : try Checksum(received: old, of: name)
            guard new != Checksum.noCommit else {
                throw ProtocolError(
                    .malformed,
                    "the peer wants ref \(ref) removed, which cannot be asked for in this protocol")
            }
            updates.append(RefUpdate(ref: ref, old: oldCommit, new: try Checksum(received: new, of: name)))
        }
        return updates
    }

    /// The body of an `update`.
    static func body(_ updates: [RefUpdate]) -> Variant {
        .dictionary(
            updates.map { update in
                (
                    key: update.ref.text,
                    value: Variant.tuple([
                        .string(update.old?.hex ?? Checksum.noCommit), .string(update.new.hex),
                    ])
                )
            })
    }

    /// How many bytes this adds to the body of an `update` at the most: key, padding, two commits, their
    /// framing, and the dictionary's offset.
    public var maximumEncodedSize: Int { ref.text.utf8.count + 1 + 7 + 65 + 65 + 2 + 6 + 2 + 7 + 2 }
}
