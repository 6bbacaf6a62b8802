// SPDX-License-Identifier: Apache-2.0

/// A reason why a server cannot be started.
public struct ServerError: Error, CustomStringConvertible, Sendable {
    /// The message, one sentence.
    public let description: String

    /// Creates an error with a message.
    public init(_ description: String) {
        self.description = description
    }
}
