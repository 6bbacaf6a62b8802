// SPDX-License-Identifier: Apache-2.0

import CCurl

/// Why a request failed, and whether another attempt may help.
struct WebFailure {
    let isTemporary: Bool
    /// True where the server has too much to do, which says nothing of others.
    let isBusy: Bool
    /// The seconds that the server asks to wait; nil where it does not, or where that is too long.
    let pause: Int?
    let error: ClientError

    /// What libcurl reports for causes that pass by themselves.
    private static let temporaryCodes = [
        CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT,
        CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM,
        CURLE_SSL_CONNECT_ERROR,
    ]

    /// What servers answer for such causes.
    private static let temporaryStatuses = [408, 425, 429, 500, 502, 503, 504]

    /// Understands a failure.
    ///
    /// - Parameter pause: how many seconds the server asks to wait, 0 where it does not, and how many are waited at most.
    init(
        _ code: CURLcode, status: Int, reason: String, url: String, pause: (wanted: Int, limit: Int)
    ) {
        func failure(_ kind: ClientError.Code, _ cause: String) -> ClientError {
            ClientError(kind, "cannot fetch \(url): \(cause)")
        }
        isBusy = code == CURLE_HTTP_RETURNED_ERROR && [429, 503].contains(status)
        if isBusy, pause.wanted > pause.limit {
            (isTemporary, self.pause) = (false, nil)
            error = failure(
                .unreachable,
                "the server answers \(status) and asks to wait \(pause.wanted) s, and no more than \(pause.limit) s are waited: "
                    + "try again after that")
            return
        }
        self.pause = isBusy && pause.wanted > 0 ? pause.wanted : nil
        switch code {
        case CURLE_HTTP_RETURNED_ERROR, CURLE_OK:
            isTemporary = WebFailure.temporaryStatuses.contains(status)
            error =
                switch status {
                case 401, 403:
                    failure(
                        .accessDenied,
                        "the server answers \(status), so it wants other credentials: name them with --token-file, "
                            + "--header-file, --netrc or --client-cert")
                case 429:
                    failure(
                        .unreachable, "the server answers 429, so it was asked too often: try again later")
                case 500...:
                    failure(
                        .unreachable,
                        "the server answers \(status): try again later, and tell its administrator")
                default:
                    failure(
                        .unreachable,
                        "the server answers \(status): check the URL, and whether it wants --client-cert")
                }
        case CURLE_PEER_FAILED_VERIFICATION:
            isTemporary = false
            error = failure(
                .accessDenied,
                "its certificate is not trusted (\(reason)): name the authority that signed it with --ca, if it is right"
            )
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            isTemporary = false
            error = failure(
                .accessDenied, "a certificate or key file cannot be used (\(reason)): check its path and form"
            )
        default:
            isTemporary = WebFailure.temporaryCodes.contains(code)
            error = failure(
                .unreachable,
                "\(reason.isEmpty ? "no reason is known" : reason): check the address and the network")
        }
    }
}
