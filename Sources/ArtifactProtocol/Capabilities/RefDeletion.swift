// SPDX-License-Identifier: Apache-2.0

import Variants

/// A ref that is to go, as `delete` asks for it.
public struct RefDeletion: Equatable, Sendable {
    /// The ref.
    public var ref: RefName
    /// The commit that it must point to.
    public var commit: Checksum

    /// Asks for a ref to go, if it points to `commit`.
    public init(ref: RefName, commit: Checksum) {
        self.ref = ref
        self.commit = commit
    }

    static func list(body: Variant) throws(ProtocolError) -> [RefDeletion] {
        guard let list = body.entry("refs"), list.typeString == "a(ss)" else {
            throw ProtocolError(.malformed, "the peer's delete lists no refs (key refs, type a(ss))")
        }
        var deletions: [RefDeletion] = []
        var seen: Set<RefName> = []
        for index in 0..<list.count {
            let ref = try RefName(received: list[index][0].string ?? "")
            guard seen.insert(ref).inserted else {
                throw ProtocolError(.malformed, "the peer's delete names ref \(ref) twice")
            }
            let commit = try Checksum(received: list[index][1].string ?? "", of: ref.text)
            deletions.append(RefDeletion(ref: ref, commit: commit))
        }
        return deletions
    }

    static func body(_ deletions: [RefDeletion]) -> Variant {
        let list = deletions.map { Variant.tuple([.string($0.ref.text), .string($0.commit.hex)]) }
        return .dictionary([("refs", Variant.array(of: "(ss)", list))])
    }
}
