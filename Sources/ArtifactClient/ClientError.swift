// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository

/// The failure of a push, a pull or another request to a remote.
public struct ClientError: Error, CustomStringConvertible, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable, Equatable {
        /// The remote cannot be used for what is wanted.
        case unsuitableRemote
        /// There is no remote of that name.
        case unknownRemote
        /// The remote could not be reached.
        case unreachable
        /// The remote refuses our credentials or certificate, or we refuse its.
        case accessDenied
        /// The remote has no receiver, or it could not be started.
        case noReceiver
        /// The connection ended too early.
        case dropped
        /// The remote refused.
        case refused
        /// The remote's commit of a ref is not an ancestor of ours.
        case diverged
        /// The remote's commit of a ref is older than ours, which the options refuse.
        case older
        /// There is no such ref.
        case unknownRef
        /// The remote serves wrong content.
        case badContent
        /// The remote lacks something that a repository must have.
        case missing
        /// It was cancelled.
        case cancelled
    }

    /// The kind of failure.
    public let code: Code
    /// One sentence for people.
    public let description: String
    /// Indicates that the remote would refuse the same refs whichever ancestors came with them.
    var isFinal = false

    /// Describes a failure.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// The error for a remote whose receiver is read-only.
    public static func readOnly(_ remote: String) -> ClientError {
        ClientError(
            .refused,
            "\(remote) takes no pushes at the moment, since its receiver is read-only: try again later, or ask its "
                + "administrator")
    }

    static func lacks(_ name: ObjectName, at remote: String) -> ClientError {
        ClientError(
            .missing,
            "\(remote) lacks object \(name), which a commit there needs: it was pruned or damaged, so tell its administrator, or "
                + "pull from another cache")
    }

    /// The error for a remote that has something else in an object's place.
    static func wrongBytes(_ error: RepositoryError, from remote: String) -> ClientError {
        ClientError(.badContent, "\(remote) serves wrong bytes: \(error): tell its administrator")
    }
}
