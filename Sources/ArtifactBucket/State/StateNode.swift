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

    case leaf(StateLeaf)
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
    /// - Throws: `RepositoryError` with `badObject` where it is malformed. Refs are checked when they are read.
    init(parsing bytes: [UInt8]) throws(RepositoryError) {
        guard let parts = bytes.withUnsafeBytes(StateNode.parts), parts.refs.isEmpty != parts.children.isEmpty
        else { throw StateNode.damaged("it is malformed, or has neither refs nor children, or both") }
        guard parts.refs.isEmpty else {
            guard let refs = bytes.withUnsafeBytes({ FramedArray($0, in: parts.refs, alignment: 8) }) else {
                throw StateNode.damaged("its list of refs is malformed")
            }
            self = .leaf(StateLeaf(bytes, refs))
            return
        }
        let children: Variant
        do { children = try Variant(parsing: bytes, as: StateNode.type, order: .little)[2] } catch {
            throw StateNode.damaged("it is not of type \(StateNode.type)")
        }
        var places: [UInt8: Checksum] = [:]
        for index in 0..<children.count {
            let item = children[index]
            guard let place = item[0].uint32.flatMap({ UInt8(exactly: $0) }), place < StateNode.width,
                places[place] == nil,
                let digest = item[1].withBytes({ Checksum(bytes: $0) }) ?? nil
            else { throw StateNode.damaged("a child is malformed, or there twice") }
            places[place] = digest
        }
        self = .branch(places)
    }

    private static func damaged(_ reason: String) -> RepositoryError {
        .damaged("a node of the state", reason)
    }

    /// Finds the two lists of a node; nil where there are none.
    private static func parts(_ bytes: UnsafeRawBufferPointer) -> (refs: Range<Int>, children: Range<Int>)? {
        let width = FramingOffset.width(ofContainer: bytes.count)
        // The ends of the first two parts, in reverse order.
        let content = bytes.count - 2 * width
        guard content >= nonceSize else { return nil }
        let start = FramingOffset.aligned(FramingOffset.read(bytes, at: content + width, width: width))
        let end = FramingOffset.read(bytes, at: content, width: width)
        guard start <= end, end <= content else { return nil }
        // Children have 32-bit numbers, so they begin at a multiple of 4.
        let children = FramingOffset.aligned(end, to: 4)
        return children <= content ? (start..<end, children..<content) : nil
    }

    /// Serialises a leaf.
    static func serialized(leaf refs: [Ref]) -> [UInt8] {
        serialized(
            refs: refs.map { .tuple([.string($0.name), .bytes($0.commit.bytes), .uint64($0.sequence)]) })
    }

    /// Serialises a branch.
    static func serialized(branch places: [UInt8: Checksum]) -> [UInt8] {
        serialized(
            children: places.sorted { $0.key < $1.key }.map {
                .tuple([.uint32(UInt32($0.key)), .bytes($0.value.bytes)])
            })
    }

    private static func serialized(refs: [Variant] = [], children: [Variant] = []) -> [UInt8] {
        let nonce: [UInt8] = (0..<nonceSize).map { _ in .random(in: 0...255) }
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
