// SPDX-License-Identifier: Apache-2.0

import ArtifactRepository
import Variants

/// A node with all pins.
///
/// Serialised it is `(ayay)`: random bytes, so that no node ever has the key of another one, and the pins as lines.
enum PinNode {
    private static let type = "(ayay)"
    private static let nonceSize = 16
    /// The largest node in bytes.
    static let maximumSize = Pins.maximumSize + 64

    /// Reads a node.
    ///
    /// - Throws: `RepositoryError` with `badObject` where it is malformed.
    static func pins(parsing bytes: [UInt8]) throws(RepositoryError) -> Pins {
        guard let body = try? Variant(parsing: bytes, as: type, order: .little), let text = body[1].bytes
        else { throw .damaged("a node of the pins", "it is not of type \(type)") }
        return Pins(text: String(decoding: text, as: UTF8.self))
    }

    static func serialized(_ pins: Pins) -> [UInt8] {
        let nonce: [UInt8] = (0..<nonceSize).map { _ in .random(in: 0...255) }
        return Variant.tuple([.bytes(nonce), .bytes(Array(pins.text.utf8))]).serialized(order: .little)
    }
}
