// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CCurl
import SystemCalls

/// Fetches many things from one remote at the same time, over few connections.
///
/// It runs on the thread that calls it. Requests are asked for one at a time, when there is room for another, so that
/// no list of them has to exist.
final class WebClient {
    /// A place that has the same as the others.
    struct Mirror {
        /// Its URL, without a slash at its end.
        let base: String
        /// The same for messages, without credentials.
        let shown: String
    }

    /// The remote itself first.
    private let mirrors: [Mirror]
    /// The mirror that is asked first.
    private var preferred = 0
    private let options: WebOptions
    private let multi: UnsafeMutableRawPointer
    private var running: [UnsafeMutableRawPointer: WebTransfer] = [:]
    private var idle: [WebTransfer] = []
    private var delayed: [(due: UInt64, transfer: WebTransfer)] = []
    /// When mirrors may be asked again that asked for a pause.
    private var pauses: [Int: UInt64] = [:]

    /// What broke off behind so many bytes is continued rather than begun anew.
    private static let continuedSize: Int64 = 1 << 20
    /// The most hops that a redirection may have.
    private static let maximumRedirects = 5

    /// Makes a client.
    ///
    /// - Parameter mirrors: the remote, and others that have the same and get no secrets of ours.
    init(_ mirrors: [Mirror], options: WebOptions) throws {
        self.mirrors = mirrors
        self.options = options
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
    /// - Parameters:
    ///   - next: is asked whenever there is room for another request, also after each one that ended.
    ///   - isEnough: whether what is still under way is to be given up.
    /// - Throws: the first failure; the other transfers are given up then.
    func run(_ next: () throws -> WebRequest?, until isEnough: () -> Bool = { false }) throws {
        while true {
            if isEnough() { return giveUp() }
            if options.cancellation?.isRequested == true {
                throw ClientError(
                    .cancelled,
                    "the pull from \(mirrors[preferred].shown) was interrupted, and nothing has changed: what was fetched is kept, "
                        + "so that the same pull goes on from there")
            }
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
            if !ended { try check(wait()) }
        }
    }

    private func giveUp() {
        for (handle, transfer) in running {
            curl_multi_remove_handle(multi, handle)
            retire(transfer)
        }
        for entry in delayed { retire(entry.transfer) }
        (running, delayed) = ([:], [])
    }

    /// Asks all mirrors for the same thing, and prefers the one that has it first.
    ///
    /// - Parameters:
    ///   - limit: how many bytes of it are kept.
    ///   - isUsable: whether a mirror where it reads so may be used.
    func chooseMirror(_ path: String, limit: Int, _ isUsable: @escaping ([UInt8]) -> Bool) throws {
        guard mirrors.count > 1 else { return }
        var winner: Int?
        var trials = mirrors.indices.map { number in
            final class Text { var bytes: [UInt8] = [] }
            let text = Text()
            return WebRequest(
                path: path, isOptional: true, mirror: number,
                begin: {
                    text.bytes = []
                    return { part in if text.bytes.count < limit { text.bytes += Array(part) } }
                },
                end: { result in
                    if result == .complete, winner == nil, isUsable(text.bytes) { winner = number }
                })
        }
        try run({ trials.popLast() }, until: { winner != nil })
        // Without a winner, the remote itself says what is wrong.
        preferred = winner ?? 0
    }

    private func check(_ code: CURLMcode) throws {
        guard code == CURLM_OK else {
            throw ClientError(
                .unreachable,
                "cannot fetch from \(mirrors[preferred].shown): \(String(cString: curl_multi_strerror(code)))"
            )
        }
    }

    private func url(_ request: WebRequest, at mirror: Int) -> String {
        "\(mirrors[mirror].base)/\(request.path)"
    }

    private func start(_ request: WebRequest) throws {
        let transfer = try idle.popLast() ?? WebTransfer(options)
        try ask(request.mirror ?? preferred, absences: 0, for: request, transfer, attempt: 1)
    }

    private func ask(
        _ mirror: Int, absences: Int, for request: WebRequest, _ transfer: WebTransfer, attempt: Int
    ) throws {
        prepare(transfer, request, at: (mirror, absences), attempt: attempt)
        try start(transfer)
    }

    private func prepare(
        _ transfer: WebTransfer, _ request: WebRequest, at mirror: (number: Int, absences: Int), attempt: Int,
        continuing: Bool = false
    ) {
        transfer.prepare(
            request, url: url(request, at: mirror.number), attempt: attempt, mirror: mirror,
            isOwnOrigin: mirror.number == 0, continuing: continuing)
    }

    private func start(_ transfer: WebTransfer) throws {
        if let due = pauses[transfer.mirror], due > Clock.milliseconds {
            return delayed.append((due, transfer))
        }
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
        let shownURL = "\(mirrors[transfer.mirror].shown)/\(request.path)"
        switch (code, status) {
        case (CURLE_OK, 300..<400):
            do {
                try redirect(transfer, request, shownURL)
            } catch {
                try retry(transfer, request, isTemporary: false, error)
            }
        case (CURLE_OK, let status)
        where status == 200 || status == 0 || status == 206 && transfer.isContinuing:
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
            let absences = transfer.absences + 1
            if absences < mirrors.count, request.mirror == nil, !request.isOptional {
                let other = (transfer.mirror + 1) % mirrors.count
                return try ask(other, absences: absences, for: request, transfer, attempt: 1)
            }
            retire(transfer)
            try request.end(.absent)
        case _ where transfer.isContinuing && (code == CURLE_RANGE_ERROR || status == 416):
            // It cannot be continued, so it begins anew.
            prepare(
                transfer, request, at: (transfer.mirror, transfer.absences), attempt: transfer.attempt + 1)
            try start(transfer)
        default:
            let failure = WebFailure(
                code, status: status, reason: transfer.reason(code), url: shownURL,
                pause: (Int(clamping: ccurl_retry_after(handle)), options.longestPause))
            if let seconds = failure.pause, request.mirror == nil { pause(transfer.mirror, status, seconds) }
            // Another mirror need not be waited for.
            let isElsewhere = failure.isBusy && transfer.attempt < mirrors.count
            try retry(
                transfer, request, isTemporary: failure.isTemporary || isElsewhere, failure.error)
        }
    }

    /// Asks a mirror nothing for a time, as it wishes.
    private func pause(_ mirror: Int, _ status: Int, _ seconds: Int) {
        let now = Clock.milliseconds
        let due = now + UInt64(seconds) * 1000
        // Many transfers hear the same at the same time.
        guard due > pauses[mirror] ?? now + 999 else { return }
        if pauses[mirror] ?? 0 <= now {
            options.showPause?(
                "\(mirrors[mirror].shown) answers \(status) and asks to wait \(seconds) s, so the transfer goes on after that"
            )
        }
        pauses[mirror] = due
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
        if request.mirror != nil {
            retire(transfer)
            return try request.end(.absent)
        }
        guard isSpoilt || isTemporary && transfer.attempt < options.attempts else {
            throw (error as? WebRequest.Spoilt)?.reason ?? error
        }
        let continuing = isTemporary && !isSpoilt && transfer.taken >= WebClient.continuedSize
        // The next mirror need not be waited for; what is to be continued may be compressed otherwise there.
        let isElsewhere = mirrors.count > 1 && !continuing
        let mirror = isElsewhere ? (transfer.mirror + 1) % mirrors.count : transfer.mirror
        let delay =
            isElsewhere && transfer.attempt < mirrors.count
            ? 0 : options.firstDelay << min(transfer.attempt - 1, 10)
        prepare(
            transfer, request, at: (mirror, transfer.absences), attempt: transfer.attempt + 1,
            continuing: continuing)
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
        // Where the mirror's own URL is encrypted, everything else must be.
        let isEncrypted = mirrors[transfer.mirror].base.lowercased().hasPrefix("https:")
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
            request, url: target, attempt: transfer.attempt, mirror: (transfer.mirror, transfer.absences),
            redirects: transfer.redirects + 1,
            isOwnOrigin: WebClient.origin(of: target) == WebClient.origin(of: mirrors[0].base),
            continuing: transfer.isContinuing)
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

    private func wait() -> CURLMcode {
        guard let cancellation = options.cancellation else {
            return curl_multi_poll(multi, nil, 0, waitingTime, nil)
        }
        var extra = curl_waitfd(fd: cancellation.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        return curl_multi_poll(multi, &extra, 1, waitingTime, nil)
    }

    private var waitingTime: Int32 {
        let next = delayed.map(\.due).min() ?? .max
        let now = Clock.milliseconds
        return Int32(min(1000, next > now ? next - now : 0))
    }
}
