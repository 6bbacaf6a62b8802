// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import Glibc
import SystemCalls

/// What the program's exit status says of what happened, for scripts. docs/CLI.md promises these numbers.
enum ExitStatus: Int32 {
    /// Everything that was asked for is done.
    case done = 0
    /// It failed for a reason that is none of the others.
    case failed = 1
    /// A part of it was not done, and the rest was.
    case incomplete = 2
    /// There is no such ref, commit, repository or remote.
    case notFound = 3
    /// A server could not be reached or went away, or something is locked: it may work later.
    case unavailable = 4
    /// The far side does not allow it.
    case refused = 5
    /// Something is damaged: here, or where it comes from.
    case damaged = 6
    /// The command line or the configuration makes no sense.
    case usage = 64

    /// The status for an error.
    init(_ error: any Error) {
        switch error {
        case let error as ClientError: self.init(error.code)
        case let error as RepositoryError: self.init(error.code)
        case is ConfigurationError, is RemoteAddressError: self = .usage
        case is ProtocolError: self = .failed
        case let error as SystemError where error.isNotFound: self = .notFound
        default: self = .failed
        }
    }

    private init(_ code: ClientError.Code) {
        switch code {
        case .unknownRef, .unknownRemote: self = .notFound
        case .unreachable, .dropped: self = .unavailable
        case .accessDenied, .refused, .older: self = .refused
        case .diverged: self = .incomplete
        case .badContent, .missing: self = .damaged
        case .noReceiver, .unsuitableRemote, .cancelled: self = .failed
        }
    }

    private init(_ code: RepositoryError.Code) {
        switch code {
        case .notARepository, .unknownRef: self = .notFound
        case .busy: self = .unavailable
        case .notAllowed, .notFastForward, .badSignature: self = .refused
        case .badObject, .missingObject: self = .damaged
        case .unsuitableMode, .refMoved, .noSpace, .conflict, .cancelled, .library: self = .failed
        }
    }

    /// The word for it in JSON.
    var name: String { "\(self)" }

    /// As the argument parser takes it.
    var code: ExitCode { ExitCode(rawValue) }
}
