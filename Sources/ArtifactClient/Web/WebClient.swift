// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CCurl
import SystemCalls

/// Fetches many things from one remote at the same time, over few connections.
///
/// It runs on the thread that calls it. Requests are asked for one at a time, when there is room for another, so that
/// no list of them has to exist.
final class WebClient {
    private let base: String
    /// The remote for messages, without credentials.
    private let shownBase: String
    private let options: WebOptions
    private let multi: UnsafeMutableRawPointer
    private var running: [UnsafeMutableRawPointer: WebTransfer] = [:]
    private var idle: [WebTransfer] = []
    private var delayed: [(due: UInt64, transfer: WebTransfer)] = []
    /// Whether the remote's own URL is encrypted, so that everything else must be.
    private let isEncrypted: Bool
    /// How many bytes of bodies arrived.
    private(set) var received: UInt64 = 0

    /// The most hops that a redirection may have.
    private static let maximumRedirects = 5

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - base: the remote's URL, without a slash at its end.
    ///   - shownBase: the same for messages.
    init(_ base: String, shownAs shownBase: String, options: WebOptions) throws {
        self.base = base
        self.shownBase = shownBase
        self.options = options
        isEncrypted = base.lowercased().hasPrefix("https:")
        guard let multi = curl_multi_init() else {
            throw ClientError(.unreachable, "cannot pull: libcurl cannot be initialised")
        }
        self.multi = multi
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        ccurl_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, options.transfers)
        // Servers without HTTP/2 are asked over a few connections, as browsers do.
        ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 8)
    }

    deinit {
        for handle in running.keys { curl_multi_remove_handle(multi, handle) }
        running = [:]
        curl_multi_cleanup(multi)
    }

    /// Fetches everything that `next` offers, until it offers nothing and everything has ended.
    ///
    /// - Parameter next: is asked whenever there is room for another request, also after each one that ended.
    /// - Throws: the first failure; the other transfers are given up then.
    func run(_ next: () throws -> WebRequest?) throws {
        while true {
            try startDue()
            while running.count + delayed.count < options.transfers, let request = try next() {
                try start(request)
            }
            if running.isEmpty && delayed.isEmpty { return }
            var count: Int32 = 0
            try check(curl_multi_perform(multi, &count))
            var ended = false
            var remaining: Int32 = 0
            while let message = curl_multi_info_read(multi, &remaining) {
                guard message.pointee.msg == CURLMSG_DONE else { continue }
                let code = ccurl_result(message)
                ended = true
                try finish(message.pointee.easy_handle, code)
            }
            if !ended { try check(curl_multi_poll(multi, nil, 0, waitingTime, nil)) }
        }
    }

    private func check(_ code: CURLMcode) throws {
        guard code == CURLM_OK else {
            throw ClientError(
                .unreachable, "cannot fetch from \(shownBase): \(String(cString: curl_multi_strerror(code)))")
        }
    }

    private func url(_ request: WebRequest) -> String { "\(base)/\(request.path)" }

    private func start(_ request: WebRequest) throws {
        let transfer = try idle.popLast() ?? WebTransfer(options)
        transfer.prepare(request, url: url(request), attempt: 1)
        try start(transfer)
    }

    private func start(_ transfer: WebTransfer) throws {
        running[transfer.handle] = transfer
        try check(curl_multi_add_handle(multi, transfer.handle))
    }

    private func finish(_ handle: UnsafeMutableRawPointer?, _ code: CURLcode) throws {
        guard let handle, let transfer = running.removeValue(forKey: handle), let request = transfer.request
        else {
            return
        }
        curl_multi_remove_handle(multi, handle)
        if let failure = transfer.failure {
            return try retry(transfer, request, isTemporary: false, failure)
        }
        let status = ccurl_response_code(handle)
        let shownURL = "\(shownBase)/\(request.path)"
        switch (code, status) {
        case (CURLE_OK, 300..<400):
            try redirect(transfer, request, shownURL)
        case (CURLE_OK, 200), (CURLE_OK, 0):
            do {
                try transfer.beginIfNeeded()
                try request.end(.complete)
            } catch {
                return try retry(transfer, request, isTemporary: false, error)
            }
            retire(transfer)
        case (CURLE_HTTP_RETURNED_ERROR, 403) where request.isOptional,
            (CURLE_HTTP_RETURNED_ERROR, 404), (CURLE_HTTP_RETURNED_ERROR, 410),
            (CURLE_FILE_COULDNT_READ_FILE, _):
            retire(transfer)
            try request.end(.absent)
        default:
            let failure = WebFailure(code, status: status, reason: transfer.reason(code), url: shownURL)
            try retry(transfer, request, isTemporary: failure.isTemporary, failure.error)
        }
    }

    private func retire(_ transfer: WebTransfer) {
        transfer.release()
        idle.append(transfer)
    }

    private func retry(
        _ transfer: WebTransfer, _ request: WebRequest, isTemporary: Bool, _ error: any Error
    ) throws {
        // Content that is wrong twice will be wrong again.
        let isSpoilt = error is WebRequest.Spoilt && transfer.attempt < 2
        guard isSpoilt || isTemporary && transfer.attempt < options.attempts else {
            throw (error as? WebRequest.Spoilt)?.reason ?? error
        }
        let delay = options.firstDelay << min(transfer.attempt - 1, 10)
        transfer.prepare(request, url: url(request), attempt: transfer.attempt + 1)
        delayed.append((Clock.milliseconds + UInt64(delay), transfer))
    }

    private func redirect(_ transfer: WebTransfer, _ request: WebRequest, _ shownURL: String) throws {
        guard let target = ccurl_redirect_url(transfer.handle).map({ String(cString: $0) }) else {
            throw ClientError(
                .badContent, "cannot fetch \(shownURL): the server redirects without saying where")
        }
        if target.hasSuffix("/") && !request.path.hasSuffix("/") {
            // That is how web servers say that it is a folder.
            retire(transfer)
            return try request.end(.absent)
        }
        let scheme = target.prefix { $0 != ":" }.lowercased()
        guard scheme == "https" || scheme == "http" && !isEncrypted else {
            throw ClientError(
                .accessDenied,
                "cannot fetch \(shownURL): the server redirects to \(target.forDisplay()), which is not encrypted: use the "
                    + "right URL, if that is meant")
        }
        guard transfer.redirects < WebClient.maximumRedirects else {
            throw ClientError(.badContent, "cannot fetch \(shownURL): the server redirects in circles")
        }
        transfer.prepare(
            request, url: target, attempt: transfer.attempt, redirects: transfer.redirects + 1,
            isOwnOrigin: WebClient.origin(of: target) == WebClient.origin(of: base))
        try start(transfer)
    }

    /// Scheme, host and port.
    private static func origin(of url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.prefix(3).joined(separator: "/").lowercased()
    }

    private func startDue() throws {
        let now = Clock.milliseconds
        for entry in delayed where entry.due <= now { try start(entry.transfer) }
        delayed.removeAll { $0.due <= now }
    }

    private var waitingTime: Int32 {
        let next = delayed.map(\.due).min() ?? .max
        let now = Clock.milliseconds
        return Int32(min(1000, next > now ? next - now : 0))
    }
}
