// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Variants

/// A node of the state: a leaf with refs, sorted by name, or a branch with up to 64 children.
///
/// Serialised it is `(aya(sayt)a(uay))`: random bytes, so that no node ever has the key of another one; refs with their commits
/// and the numbers of the entries that have edited them last; and children by their places. One of the two lists is empty.
enum StateNode {
    /// A ref.
    struct Ref: Equatable {
        var name: String
        var commit: Checksum
        /// The number of the entry that has edited it last.
        var sequence: UInt64
    }

    case leaf([Ref])
    /// Digests by places, of which there are 64.
    case branch([UInt8: Checksum])

    private static let type = "(aya(sayt)a(uay))"
    private static let nonceSize = 16
    /// The most refs of a leaf that is written.
    static let leafLimit = 2000
    /// The number of places in a branch.
    static let width = 64
    /// The largest node in bytes.
    static let maximumSize = 16 << 20

    /// Reads a node.
    ///
    /// - Throws: `RepositoryError` with `badObject` where it is malformed, or its items are not in order.
    init(parsing bytes: [UInt8]) throws(RepositoryError) {
        func damaged(_ reason: String) -> RepositoryError { .damaged("a node of the state", reason) }
        let body: Variant
        do { body = try Variant(parsing: bytes, as: StateNode.type, order: .little) } catch {
            throw damaged("it is not of type \(StateNode.type)")
        }
        let (refs, children) = (body[1], body[2])
        guard (refs.count == 0) != (children.count == 0) else {
            throw damaged("it has neither refs nor children, or both")
        }
        if refs.count > 0 {
            let items = (0..<refs.count).compactMap { index -> Ref? in
                let item = refs[index]
                guard let name = item[0].string, let sequence = item[2].uint64,
                    let commit = item[1].withBytes({ Checksum(bytes: $0) }) ?? nil
                else { return nil }
                return Ref(name: name, commit: commit, sequence: sequence)
            }
            guard items.count == refs.count,
                zip(items, items.dropFirst()).allSatisfy({ $0.name.precedes($1.name) })
            else { throw damaged("a ref is malformed, or out of order") }
            self = .leaf(items)
        } else {
            var places: [UInt8: Checksum] = [:]
            for index in 0..<children.count {
                let item = children[index]
                guard let place = item[0].uint32.flatMap({ UInt8(exactly: $0) }), place < StateNode.width,
                    places[place] == nil,
                    let digest = item[1].withBytes({ Checksum(bytes: $0) }) ?? nil
                else { throw damaged("a child is malformed, or there twice") }
                places[place] = digest
            }
            self = .branch(places)
        }
    }

    func serialized() -> [UInt8] {
        let nonce: [UInt8] = (0..<StateNode.nonceSize).map { _ in .random(in: 0...255) }
        var (refs, children): ([Variant], [Variant]) = ([], [])
        switch self {
        case .leaf(let items):
            refs = items.map { .tuple([.string($0.name), .bytes($0.commit.bytes), .uint64($0.sequence)]) }
        case .branch(let places):
            children = places.sorted { $0.key < $1.key }.map {
                .tuple([.uint32(UInt32($0.key)), .bytes($0.value.bytes)])
            }
        }
        return Variant.tuple([
            .bytes(nonce), .array(of: "(sayt)", refs), .array(of: "(uay)", children),
        ]).serialized(order: .little)
    }

    /// Returns the place of a ref in a branch: six bits of the SHA-256 of its name.
    static func place(of name: String, level: Int) -> UInt8 {
        let bytes = Digest(of: Array(name.utf8)).finish().bytes
        let bit = level * 6
        let pair = UInt16(bytes[bit / 8]) << 8 | UInt16(bit / 8 + 1 < bytes.count ? bytes[bit / 8 + 1] : 0)
        return UInt8(truncatingIfNeeded: pair >> UInt16(10 - bit % 8)) & 63
    }
}

extension String {
    /// Orders names by their bytes.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
