// SPDX-License-Identifier: Apache-2.0

import CCurl
import Glibc
import TextCoding

/// An attempt that failed.
struct RequestFailure {
    let error: S3Error
    /// The most attempts that make sense; 1 where the next one would fail in the same way.
    let usefulAttempts: Int

    private init(_ error: S3Error, usefulAttempts: Int = 1) {
        self.error = error
        self.usefulAttempts = usefulAttempts
    }

    /// The object of a request and the circumstances, for messages.
    struct Subject {
        let request: S3Request
        /// The object's address.
        let shown: String
        let configuration: S3Configuration
        let isSigned: Bool

        func error(_ code: S3Error.Code, _ cause: String) -> S3Error {
            S3Error(code, "cannot \(request.action) \(shown): \(cause)")
        }
    }
}

// MARK: Without an answer

extension RequestFailure {
    /// The errors of libcurl that may not occur again. A request that must not be repeated by libcurl is aborted.
    private static let temporaryCodes = [
        CURLE_COULDNT_CONNECT, CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT, CURLE_SEND_ERROR,
        CURLE_RECV_ERROR,
        CURLE_GOT_NOTHING, CURLE_SSL_CONNECT_ERROR, CURLE_ABORTED_BY_CALLBACK, CURLE_WEIRD_SERVER_REPLY,
    ]
    /// A name that is wrong is more probable than a name server that comes back.
    private static let attemptsToResolve = 4

    /// Classifies a request without an answer.
    ///
    /// - Parameter reason: libcurl's words, which have no secrets.
    init(transport code: CURLcode, _ reason: String, _ subject: Subject) {
        let reason = reason.shownInMessage
        let endpoint = subject.configuration.endpoint
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            self.init(
                subject.error(
                    .unreachable,
                    "the certificate of \(endpoint) is not trusted (\(reason)): name the authority that signed it with "
                        + "AWS_CA_BUNDLE, if it is right"))
        case CURLE_COULDNT_RESOLVE_HOST:
            self.init(
                subject.error(
                    .unreachable, "\(reason): correct AWS_ENDPOINT_URL, AWS_REGION or the bucket's name"),
                usefulAttempts: RequestFailure.attemptsToResolve)
        default:
            let isAborted = code == CURLE_OK || code == CURLE_ABORTED_BY_CALLBACK
            self.init(
                subject.error(
                    .unreachable,
                    "\(isAborted ? "the connection to \(endpoint) ended before an answer" : reason): look at the "
                        + "store and the network"),
                usefulAttempts: code == CURLE_OK || RequestFailure.temporaryCodes.contains(code) ? .max : 1)
        }
    }
}

// MARK: With an answer

extension RequestFailure {
    /// The answer to an attempt.
    struct Answer {
        let status: Int
        let document: ErrorDocument
        /// The region that a header names.
        var bucketRegion: String?
        /// The seconds by which the store's clock is ahead of ours.
        var clockDifference: Int?

        /// Indicates that the operation knows the meaning.
        func isAccepted(for request: S3Request) -> Bool {
            switch (request.kind, status) {
            case (_, 200..<300): true
            case (.head, 404): true
            case (.get, 404), (.delete, 404): document.code == "NoSuchKey"
            case (.put, 412): request.condition != .none
            case (.put, 404): request.condition != .none && document.code == "NoSuchKey"
            default: false
            }
        }

        /// Indicates temporary credentials that have ended.
        var isExpiry: Bool { document.isExpiry }

        /// Indicates that the store has certainly done nothing.
        var isRefusal: Bool { (300..<500).contains(status) && ![408, 409].contains(status) || status == 501 }

        private static let temporaryStatuses = [408, 425, 429, 500, 502, 503, 504]
        private static let temporaryCodes = [
            "ConditionalRequestConflict", "OperationAborted", "ConcurrentModification", "RequestTimeout",
            "SlowDown",
        ]

        var isTemporary: Bool {
            Answer.temporaryStatuses.contains(status)
                || document.code.map(Answer.temporaryCodes.contains) ?? false
        }

        var shown: String { document.code.map { "\(status) (\($0))" } ?? "\(status)" }

        var region: String? { bucketRegion ?? document.region }
    }

    /// Classifies an answer that is an error.
    init(_ answer: Answer, _ subject: Subject) {
        if answer.isTemporary {
            self.init(
                subject.error(
                    .unavailable,
                    "the store answers \(answer.shown): try again later, and tell its administrator"),
                usefulAttempts: .max)
        } else {
            self.init(RequestFailure.error(for: answer, subject))
        }
    }

    private static func error(for answer: Answer, _ subject: Subject) -> S3Error {
        if [301, 302, 307, 308].contains(answer.status)
            || answer.document.code == "AuthorizationHeaderMalformed"
        {
            return redirection(answer, subject)
        }
        switch (answer.status, answer.document.code) {
        case (_, "InvalidAccessKeyId"):
            return subject.error(
                .wrongCredentials, "the store does not know the access key: correct AWS_ACCESS_KEY_ID")
        case (_, "SignatureDoesNotMatch"):
            return subject.error(
                .wrongCredentials,
                "the store computes another signature: correct AWS_SECRET_ACCESS_KEY, or the region "
                    + "\(subject.configuration.region)"
            )
        case (_, "InvalidToken"), (_, "ExpiredToken"), (_, "ExpiredTokenException"),
            (_, "TokenRefreshRequired"):
            return subject.error(
                .wrongCredentials, "the session token has ended or is wrong: get new credentials")
        case (_, "RequestTimeTooSkewed"):
            let difference =
                answer.clockDifference.map {
                    "the clock of this machine is \(Format.duration(.seconds(abs($0)))) "
                        + "\($0 > 0 ? "behind" : "ahead of") the store's"
                } ?? "the clock of this machine and the store's differ"
            return subject.error(
                .clockSkew, "\(difference), and requests are signed with its time: set the clock")
        case (_, "NoSuchBucket"):
            return subject.error(
                .noBucket,
                "there is no such bucket at \(subject.configuration.endpoint): make it, or correct its name or "
                    + "AWS_ENDPOINT_URL"
            )
        case (403, "QuotaExceeded"), (_, "EntityTooLarge"):
            return subject.error(
                .accessDenied, "the store answers \(answer.shown): ask its administrator for more space")
        case (401, _), (403, _):
            return subject.error(
                .accessDenied,
                "the store answers \(answer.shown) to "
                    + "\(subject.isSigned ? "these credentials" : "requests without credentials"): use others, or "
                    + "allow it in the bucket's policy")
        case (501, _):
            return subject.error(
                .unsuitableStore,
                "the store answers \(answer.shown), so it lacks something that is needed"
                    + "\(subject.request.condition == .none ? "" : " (conditional writes)"): use another one")
        case (404, nil), (405, nil):
            return subject.error(
                .badAnswer,
                "\(subject.configuration.endpoint) answers \(answer.shown) as no object store does: correct "
                    + "AWS_ENDPOINT_URL"
            )
        default:
            return subject.error(
                .badAnswer, "the store answers \(answer.shown): look at its log for the reason")
        }
    }

    private static func redirection(_ answer: Answer, _ subject: Subject) -> S3Error {
        if let region = answer.region, region != subject.configuration.region {
            return subject.error(
                .wrongRegion, "the bucket is in the region \(region): set AWS_REGION=\(region.shellQuoted)")
        }
        let place = answer.document.endpoint.map { " to \($0)" } ?? ""
        return subject.error(
            .wrongRegion,
            "the store answers \(answer.shown) and sends us elsewhere\(place), where no credentials are taken: set "
                + "AWS_REGION or AWS_ENDPOINT_URL to the bucket's own")
    }
}
