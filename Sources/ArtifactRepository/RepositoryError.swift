// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

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
        /// A needed object does not exist.
        case missingObject
        /// A ref does not exist.
        case unknownRef
        /// A ref does not, or no longer, point to the expected commit.
        case refMoved
        /// A commit is not a descendant of the one that it would replace.
        case notFastForward
        /// A policy of the repository's owner refuses it.
        case notAllowed
        /// There is not enough disk space.
        case noSpace
        /// A commit is not signed as required, or its signatures cannot be verified.
        case badSignature
        /// Something else exists under the name.
        case conflict
        /// Another process holds the lock.
        case busy
        /// The work was cancelled.
        case cancelled
        /// libostree reported a failure.
        case library
    }

    /// The kind of failure.
    public let code: Code
    /// One sentence for people.
    public let description: String
    /// Indicates that the same refs would be refused whichever ancestors came with them.
    public internal(set) var isFinal = false

    /// Describes a failure.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package static func badObject(_ name: ObjectName, _ reason: String) -> RepositoryError {
        RepositoryError(.badObject, "object \(name) is refused: \(reason)")
    }
}

/// An error of a system call, for example of writing to a full disk.
public typealias SystemError = SystemCalls.SystemError
