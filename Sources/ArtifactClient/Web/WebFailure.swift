// SPDX-License-Identifier: Apache-2.0

import CCurl

/// A request that failed for a reason outside of its content.
struct WebFailure: Error {
    /// Another attempt may succeed.
    let isTemporary: Bool
    /// The server is overloaded, which says nothing about other mirrors.
    let isBusy: Bool
    /// The pause that the server asks for; nil where it asks for none, or for too long a one.
    let pause: Duration?
    let error: ClientError

    /// The errors of libcurl that may not occur again.
    private static let temporaryCodes = [
        CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT,
        CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM,
        CURLE_SSL_CONNECT_ERROR,
    ]

    /// The status codes for which another attempt may succeed.
    private static let temporaryStatuses = [408, 425, 429, 500, 502, 503, 504]

    /// Classifies a failure.
    ///
    /// - Parameters:
    ///   - wantedPause: the pause that the server asks for, 0 for none.
    ///   - longestPause: the longest one that is granted.
    ///   - hasEndedCredentials: true where a store has taken the credentials before.
    init(
        _ code: CURLcode, status: Int, reason: String, url: String, wantedPause: Duration,
        longestPause: Duration, hasEndedCredentials: Bool = false
    ) {
        isBusy = code == CURLE_HTTP_RETURNED_ERROR && [429, 503].contains(status)
        let isPauseGranted = wantedPause <= longestPause
        pause = isBusy && isPauseGranted && wantedPause > .zero ? wantedPause : nil
        let kind: ClientError.Code
        let cause: String
        if isBusy && !isPauseGranted {
            isTemporary = false
            kind = .unreachable
            cause =
                "the server answers \(status) and asks to wait \(wantedPause.components.seconds) s, and no more than "
                + "\(longestPause.components.seconds) s are waited: try again after that"
        } else if hasEndedCredentials {
            isTemporary = false
            kind = .accessDenied
            cause =
                "the store answers \(status), as the credentials have ended, also those that were fetched anew: look where they come "
                + "from"
        } else if code == CURLE_HTTP_RETURNED_ERROR || code == CURLE_OK {
            isTemporary = WebFailure.temporaryStatuses.contains(status)
            kind = [401, 403].contains(status) ? .accessDenied : .unreachable
            cause = "the server answers \(status)\(WebFailure.advice(status))"
        } else {
            isTemporary = WebFailure.temporaryCodes.contains(code)
            (kind, cause) = WebFailure.explanation(code, reason)
        }
        error = ClientError(kind, "cannot fetch \(url): \(cause)")
    }

    private static func advice(_ status: Int) -> String {
        switch status {
        case 401, 403:
            ", so it wants other credentials: name them with --token-file, --header-file, --netrc or --client-cert"
        case 429: ", so it was asked too often: try again later"
        case 500...: ": try again later, and tell its administrator"
        default: ": check the URL, and whether it wants --client-cert"
        }
    }

    private static func explanation(_ code: CURLcode, _ reason: String) -> (ClientError.Code, String) {
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION:
            (
                .accessDenied,
                "its certificate is not trusted (\(reason)): name the authority that signed it with --ca, if it is right"
            )
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            (.accessDenied, "a certificate or key file cannot be used (\(reason)): check its path and form")
        default:
            (
                .unreachable,
                "\(reason.isEmpty ? "no reason is known" : reason): check the address and the network"
            )
        }
    }
}
