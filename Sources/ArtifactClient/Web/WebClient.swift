// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import CCurl
import S3
import SystemCalls

/// Runs many requests to one remote at the same time, over few connections.
///
/// It runs on the thread that calls it, and takes requests one at a time, when there is room for another, so that no
/// list of them has to exist.
final class WebClient {
    typealias Instant = ContinuousClock.Instant

    /// The remote itself first.
    let mirrors: [Mirror]
    var balance: MirrorBalance
    let options: WebOptions
    let multi: UnsafeMutableRawPointer
    var running: [UnsafeMutableRawPointer: WebTransfer] = [:]
    private var idle: [WebTransfer] = []
    private let sockets = ConnectionSockets()
    /// The number of requests that begin when libcurl runs next.
    private var beginning = 0
    private(set) var delayed: [(due: Instant, transfer: WebTransfer)] = []
    /// The ends of the pauses that mirrors asked for.
    private(set) var pauses: [Int: Instant] = [:]

    /// A transfer that breaks off after so many bytes is continued rather than started over.
    static let continuedSize: UInt64 = 1 << 20
    /// The most connections to a server without HTTP/2. The gateway of an object store does less work for a request the more of
    /// them wait, and is made for many connections; any other server may give one client few.
    private var connectionLimit: Int { options.signing == nil ? 16 : 32 }
    private static let maximumRedirections = 5
    /// The errors of libcurl for a server, or a local file, that cannot be continued.
    private static let rangeCodes = [CURLE_RANGE_ERROR, CURLE_BAD_DOWNLOAD_RESUME]

    /// Creates a client.
    ///
    /// - Parameter mirrors: the remote, and others that have the same and get no secrets of ours.
    init(_ mirrors: [Mirror], options: WebOptions) throws {
        self.mirrors = mirrors
        balance = MirrorBalance(count: mirrors.count)
        self.options = options
        try WebLibrary.load()
        guard let multi = ccurl_multi_init() else {
            throw ClientError(.unreachable, "cannot pull: libcurl has no memory left")
        }
        self.multi = multi
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        ccurl_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, options.transfers)
        limitConnections(to: connectionLimit)
    }

    private func limitConnections(to count: Int) {
        ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, count)
    }

    deinit {
        giveUp()
        withExtendedLifetime(sockets) { _ = ccurl_multi_cleanup(multi) }
    }

    /// Runs all requests that `next` returns, until it returns nil and every request has ended.
    ///
    /// - Parameters:
    ///   - next: called whenever there is room for another request, also after each one that ended.
    ///   - isEnough: returns true to give up the requests that are still under way.
    /// - Throws: the first failure; the other requests are given up then.
    func run(_ next: () throws -> (any WebRequest)?, until isEnough: () -> Bool = { false }) throws {
        // Requests that are given up let go of what they hold, such as a quarantine.
        defer { giveUp() }
        while true {
            if isEnough() { return }
            if options.cancellation?.isRequested == true {
                throw ClientError(
                    .cancelled,
                    "the pull from \(mirrors[balance.preferred].shown) was interrupted, and nothing has changed: what was fetched is kept, "
                        + "so that the same pull goes on from there")
            }
            try startDue()
            while running.count + delayed.count < options.transfers {
                guard let request = try next() else {
                    try moveStalled()
                    break
                }
                try start(
                    WebAttempt(request: request, mirror: mirror(for: request)),
                    on: idle.popLast() ?? WebTransfer(options, sockets))
            }
            if running.isEmpty && delayed.isEmpty { return }
            try check(perform())
            var ended = false
            var remaining: Int32 = 0
            while let message = ccurl_multi_info_read(multi, &remaining) {
                guard message.pointee.msg == CURLMSG_DONE else { continue }
                let code = ccurl_result(message)
                ended = true
                try finish(message.pointee.easy_handle, code)
            }
            if !ended { try check(wait()) }
        }
    }

    private func perform() -> CURLMcode {
        defer { beginning = 0 }
        var count: Int32 = 0
        guard beginning > 1, options.allowsHTTP2 else { return ccurl_multi_perform(multi, &count) }
        return sockets.sendTogether { ccurl_multi_perform(multi, &count) }
    }

    /// Runs a few requests on one connection. Without HTTP/2 they follow one another there, which is quicker than setting up a
    /// connection for each.
    func run(few requests: [any WebRequest]) throws {
        limitConnections(to: 1)
        defer { limitConnections(to: connectionLimit) }
        var rest = requests[...]
        try run { rest.popFirst() }
    }

    private func giveUp() {
        for (handle, transfer) in running {
            ccurl_multi_remove_handle(multi, handle)
            retire(transfer)
        }
        for entry in delayed { retire(entry.transfer) }
        (running, delayed) = ([:], [])
    }

    private func retire(_ transfer: WebTransfer) {
        transfer.release()
        idle.append(transfer)
    }

    private func check(_ code: CURLMcode) throws {
        guard code == CURLM_OK else {
            throw ClientError(
                .unreachable,
                "cannot fetch from \(mirrors[balance.preferred].shown): \(String(cString: ccurl_multi_strerror(code)))"
            )
        }
    }
}

// MARK: Starting

extension WebClient {
    func start(_ attempt: WebAttempt, on transfer: WebTransfer) throws {
        prepare(attempt, on: transfer)
        try start(transfer)
    }

    private func prepare(_ attempt: WebAttempt, on transfer: WebTransfer) {
        let base = mirrors[attempt.mirror].base(for: attempt.request)
        let url = attempt.redirection ?? "\(base)/\(attempt.request.path)"
        let isElsewhere = attempt.redirection != nil || base != mirrors[attempt.mirror].base
        let isOwnOrigin =
            isElsewhere
            ? WebClient.origin(of: url) == WebClient.origin(of: mirrors[0].base) : attempt.mirror == 0
        transfer.prepare(attempt, url: url, isOwnOrigin: isOwnOrigin)
    }

    private func start(_ transfer: WebTransfer) throws {
        if let mirror = transfer.attempt?.mirror, let due = pauses[mirror], due > .now {
            return delayed.append((due, transfer))
        }
        try transfer.sign()
        transfer.startClock()
        running[transfer.handle] = transfer
        beginning += 1
        try check(ccurl_multi_add_handle(multi, transfer.handle))
    }

    private func startDue() throws {
        let now = Instant.now
        for entry in delayed where entry.due <= now { try start(entry.transfer) }
        delayed.removeAll { $0.due <= now }
    }

    private func wait() -> CURLMcode {
        // Rounded up, so that nothing is due a fraction of a millisecond after the wait.
        let untilDue = delayed.map(\.due).min().map {
            ContinuousClock.now.duration(to: $0) + .milliseconds(1)
        }
        // Requests that stall at a mirror are noticed soon.
        let longest: Duration = mirrors.count > 1 ? .milliseconds(100) : .seconds(1)
        let timeout = Int32(max(.zero, min(longest, untilDue ?? longest)) / .milliseconds(1))
        guard let cancellation = options.cancellation else {
            return ccurl_multi_poll(multi, nil, 0, timeout, nil)
        }
        var extra = curl_waitfd(fd: cancellation.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        return ccurl_multi_poll(multi, &extra, 1, timeout, nil)
    }

    /// Returns scheme, host and port.
    private static func origin(of url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.prefix(3).joined(separator: "/").lowercased()
    }
}

// MARK: Ending

extension WebClient {
    private func finish(_ handle: UnsafeMutableRawPointer?, _ code: CURLcode) throws {
        guard let handle, let transfer = running.removeValue(forKey: handle), let attempt = transfer.attempt
        else {
            return
        }
        ccurl_multi_remove_handle(multi, handle)
        do {
            if let failure = transfer.failure { throw failure }
            try conclude(attempt, transfer, code)
        } catch is WebTransfer.UnsuitableRange {
            try start(attempt.nextFromStart(), on: transfer)
        } catch {
            try retry(attempt, transfer, after: error)
        }
    }

    private func conclude(_ attempt: WebAttempt, _ transfer: WebTransfer, _ code: CURLcode) throws {
        let status = ccurl_response_code(transfer.handle)
        // A transfer that is signed takes the body of an error.
        let code = code == CURLE_OK && status >= 400 ? CURLE_HTTP_RETURNED_ERROR : code
        if transfer.hasEndedCredentials,
            attempt.renewals == 0 || attempt.renewals < options.attempts && transfer.areCredentialsOutdated
        {
            options.signing?.credentials.noteEnd(of: transfer.credentials)
            var next = attempt
            next.renewals += 1
            return try start(next, on: transfer)
        }
        let shownURL = mirrors[attempt.mirror].shownURL(of: attempt.request)
        switch (code, status) {
        case (CURLE_OK, 300..<400):
            try redirect(attempt, transfer, shownURL)
        case (CURLE_OK, 0), (CURLE_OK, 200),
            (CURLE_OK, 206) where transfer.isRange:
            try transfer.beginIfNeeded()
            noteDelivery(attempt, transfer)
            try attempt.request.end(.complete)
            retire(transfer)
        case (CURLE_HTTP_RETURNED_ERROR, 403) where attempt.request.isOptional,
            (CURLE_HTTP_RETURNED_ERROR, 404), (CURLE_HTTP_RETURNED_ERROR, 410),
            (CURLE_FILE_COULDNT_READ_FILE, _):
            try handleAbsence(attempt, transfer)
        case _ where transfer.isRange && (WebClient.rangeCodes.contains(code) || status == 416):
            // The server cannot continue it.
            try start(attempt.nextFromStart(), on: transfer)
        default:
            let failure = WebFailure(
                code, status: status, reason: transfer.reason(code), url: shownURL,
                wantedPause: .seconds(Int(clamping: ccurl_retry_after(transfer.handle))),
                longestPause: options.longestPause,
                hasEndedCredentials: transfer.hasEndedCredentials && !transfer.isRange)
            if let pause = failure.pause, attempt.request.mirror == nil {
                self.pause(attempt.mirror, status, pause)
            }
            throw failure
        }
    }

    private func handleAbsence(_ attempt: WebAttempt, _ transfer: WebTransfer) throws {
        let request = attempt.request
        if request.mirror == nil, request.isSoughtEverywhere, let next = nextAfterAbsence(attempt, transfer) {
            return try start(next, on: transfer)
        }
        retire(transfer)
        try request.end(.absent)
    }

    private func redirect(_ attempt: WebAttempt, _ transfer: WebTransfer, _ shownURL: String) throws {
        guard let target = ccurl_redirect_url(transfer.handle).map({ String(cString: $0) }) else {
            throw ClientError(
                .badContent, "cannot fetch \(shownURL): the server redirects without saying where")
        }
        if target.hasSuffix("/") && !attempt.request.path.hasSuffix("/") {
            // Web servers add a slash to the path of a directory.
            retire(transfer)
            return try attempt.request.end(.absent)
        }
        // Where the mirror's own URL is encrypted, everything else must be.
        let isEncrypted = mirrors[attempt.mirror].base(for: attempt.request).lowercased().hasPrefix("https:")
        let scheme = target.prefix { $0 != ":" }.lowercased()
        guard scheme == "https" || scheme == "http" && !isEncrypted else {
            throw ClientError(
                .accessDenied,
                "cannot fetch \(shownURL): the server redirects to \(target.forDisplay()), which is not encrypted: use the "
                    + "right URL, if that is meant")
        }
        guard !options.isDirect else {
            throw ClientError(
                .accessDenied,
                "cannot fetch \(shownURL): the server redirects to \(target.forDisplay()), and only the server itself is asked"
            )
        }
        guard attempt.redirections < WebClient.maximumRedirections else {
            throw ClientError(.badContent, "cannot fetch \(shownURL): the server redirects in circles")
        }
        var next = attempt
        next.redirection = target
        next.redirections += 1
        try start(next, on: transfer)
    }

    /// Delays requests to a mirror that asks for a pause.
    private func pause(_ mirror: Int, _ status: Int, _ pause: Duration) {
        let now = Instant.now
        // Many transfers get the same response at the same time.
        guard now + pause > pauses[mirror] ?? now + .milliseconds(999) else { return }
        if pauses[mirror] ?? now <= now {
            options.showPause?(
                "\(mirrors[mirror].shown) answers \(status) and asks to wait \(pause.components.seconds) s, so the transfer "
                    + "goes on after that")
        }
        pauses[mirror] = now + pause
    }

    /// Schedules another attempt, or throws the error where none may help.
    private func retry(_ attempt: WebAttempt, _ transfer: WebTransfer, after error: any Error) throws {
        if attempt.request.isDispensable {
            retire(transfer)
            return try attempt.request.end(.absent)
        }
        let failure = error as? WebFailure
        let wrongContent = error as? RetryableError
        let isLeft = leave(attempt, transfer, after: failure, wrongContent)
        // Another mirror than a busy one need not be waited for. Content that is wrong twice will be wrong again.
        let isTemporary =
            failure.map { $0.isTemporary || $0.isBusy && attempt.number < mirrors.count } ?? false
        let other = other(than: attempt)
        guard
            isLeft && other != nil
                || attempt.number < (wrongContent != nil ? 2 : isTemporary ? options.attempts : 0)
        else { throw wrongContent?.reason ?? failure?.error ?? error }
        let delay =
            other != nil && (isLeft || attempt.number < mirrors.count)
            ? .zero : options.firstDelay * (1 << min(attempt.number - 1, 10))
        let continuing =
            failure != nil && attempt.request.body == nil && transfer.received >= WebClient.continuedSize
        prepare(attempt.next(at: other ?? attempt.mirror, continuing: continuing), on: transfer)
        delayed.append((Instant.now + delay, transfer))
    }
}
