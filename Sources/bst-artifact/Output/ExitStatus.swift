// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ArtifactClient
import ArtifactProtocol
import ArtifactRepository
import Glibc
import S3
import SystemCalls

/// The program's exit statuses. docs/CLI.md promises these numbers to scripts.
enum ExitStatus: Int32 {
    /// Success.
    case done = 0
    /// A failure that no other status covers.
    case failed = 1
    /// A part was done, and the rest was not.
    case incomplete = 2
    /// A ref, commit, repository or remote does not exist.
    case notFound = 3
    /// A failure that may pass: a server cannot be reached, a connection was lost, or something is locked.
    case unavailable = 4
    /// The remote does not allow it.
    case refused = 5
    /// Something is damaged, here or at the remote.
    case damaged = 6
    /// The command line or the configuration is invalid.
    case usage = 64

    init(_ error: any Error) {
        switch error {
        case let error as ClientError: self.init(error.code)
        case let error as RepositoryError: self.init(error.code)
        case is ConfigurationError, is RemoteAddressError: self = .usage
        case let error as S3Error: self.init(error.code)
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

    private init(_ code: S3Error.Code) {
        switch code {
        case .invalidLocation, .invalidConfiguration: self = .usage
        case .noBucket: self = .notFound
        case .unreachable, .unavailable: self = .unavailable
        case .noCredentials, .wrongCredentials, .accessDenied: self = .refused
        case .tooLarge: self = .damaged
        case .clockSkew, .wrongRegion, .badAnswer, .objectChanged, .outcomeUnknown, .unsuitableStore,
            .localFailure,
            .cancelled:
            self = .failed
        }
    }

    /// The name of the status in JSON.
    var name: String { "\(self)" }

    var code: ExitCode { ExitCode(rawValue) }
}
