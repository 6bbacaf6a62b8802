// SPDX-License-Identifier: Apache-2.0

/// Why a server cannot be started as it is wanted.
public struct ServerError: Error, CustomStringConvertible, Sendable {
    /// One sentence for people.
    public let description: String

    /// Describes a failure.
    public init(_ description: String) {
        self.description = description
    }
}
