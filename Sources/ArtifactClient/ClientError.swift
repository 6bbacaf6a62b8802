// SPDX-License-Identifier: Apache-2.0

/// Why a push, a pull or a look at a remote failed.
public struct ClientError: Error, CustomStringConvertible, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable, Equatable {
        /// The remote cannot be used for what is wanted.
        case unsuitableRemote
        /// There is no remote of that name.
        case unknownRemote
        /// The remote could not be reached.
        case unreachable
        /// The remote was reached, and does not let us in.
        case accessDenied
        /// The far side has no receiver, or it could not be started.
        case noReceiver
        /// The connection ended before the work was done.
        case dropped
        /// The far side refused.
        case refused
        /// The far side's commit of a ref is not an ancestor of ours.
        case diverged
        /// The remote's commit of a ref is older than ours, and such ones are refused.
        case older
        /// There is no such ref.
        case unknownRef
        /// What came from the remote is not what it must be.
        case badContent
        /// The remote lacks something that it must have.
        case missing
        /// Nobody wants it any more.
        case cancelled
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

    /// The error for a remote whose owner lets nothing be changed.
    public static func readOnly(_ remote: String) -> ClientError {
        ClientError(
            .refused,
            "\(remote) takes no pushes at the moment, since its receiver is read-only: try again later, or ask its "
                + "administrator")
    }
}
