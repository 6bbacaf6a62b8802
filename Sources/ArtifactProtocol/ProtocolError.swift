// SPDX-License-Identifier: Apache-2.0

/// A violation of the protocol by a peer, or something that cannot be said in it.
public struct ProtocolError: Error, CustomStringConvertible, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable, Equatable {
        /// The bytes are not a frame or not its body.
        case malformed
        /// Text for people in place of a message: the other side is no peer.
        case foreignText
        /// A message that is not due at this point.
        case outOfOrder
        /// A tar stream that is damaged, or that holds something else than objects.
        case badObjectStream
        /// The input ended in the middle.
        case truncated
        /// Something does not fit into a frame.
        case tooLarge
    }

    /// The kind of failure.
    public let code: Code
    /// One sentence for people.
    public let description: String

    /// Describes a failure.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    static func damagedStream(_ reason: String) -> ProtocolError {
        ProtocolError(.badObjectStream, "the object stream is damaged: \(reason)")
    }
}
