// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol

/// A failure of a repository, or of an object on its way into or out of one.
public struct RepositoryError: Error, CustomStringConvertible, Sendable {
    /// The kinds of failure.
    public enum Code: Sendable, Equatable {
        /// There is no repository, or it cannot be opened.
        case notARepository
        /// The repository's mode does not allow what is wanted.
        case unsuitableMode
        /// An object is not what its name says, or not well formed.
        case badObject
        /// An object that must be there is not.
        case missingObject
        /// A ref does not exist.
        case unknownRef
        /// A ref is not, or is no longer, where it was said to be.
        case refMoved
        /// A commit is not a descendant of the one that it would replace.
        case notFastForward
        /// The owner of the repository does not want it.
        case notAllowed
        /// There is no room for it.
        case noSpace
        /// A commit is not signed as it must be, or that cannot be found out.
        case badSignature
        /// Something of a name exists where another kind of thing is wanted.
        case conflict
        /// Somebody else has it locked.
        case busy
        /// Nobody wants it any more.
        case cancelled
        /// libostree reported a failure.
        case library
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

    static func badObject(_ name: ObjectName, _ reason: String) -> RepositoryError {
        RepositoryError(.badObject, "object \(name) is refused: \(reason)")
    }
}
