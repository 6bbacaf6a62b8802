// SPDX-License-Identifier: Apache-2.0

/// A violation of the protocol by a peer, or something that cannot be said in it.
public struct ProtocolError: Error, CustomStringConvertible, Equatable, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable, Equatable {
        /// The bytes are not a frame or not its body.
        case malformed
        /// Text for people where a message should begin: something else than a peer speaks.
        case foreignText
        /// A message that has no place in the conversation at this point.
        case outOfOrder
        /// A tar stream that is not one, or holds what may not be in it.
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
}
