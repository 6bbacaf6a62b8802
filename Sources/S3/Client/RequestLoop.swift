// SPDX-License-Identifier: Apache-2.0

import CCurl
import Glibc
import SystemCalls

/// The work of a client's thread: starts requests, repeats them, and hands out answers.
final class RequestLoop {
    private let location: S3Location
    private let configuration: S3Configuration
    private let mailbox: Mailbox

    private let sockets = ConnectionSockets()
    private var waiting: [RequestJob] = []
    /// The number of those in `waiting` that have gone.
    private var waitingStart = 0
    private var delayed: [(due: ContinuousClock.Instant, job: RequestJob)] = []
    private var running: [UnsafeMutableRawPointer: RequestTransfer] = [:]
    private var idle: [RequestTransfer] = []
    private var credentials = CredentialCache()
    /// The cancellations of all requests that have not ended.
    private var cancellations: [ObjectIdentifier: (cancellation: Cancellation, count: Int)] = [:]

    init(_ location: S3Location, _ configuration: S3Configuration, _ mailbox: Mailbox) {
        self.location = location
        self.configuration = configuration
        self.mailbox = mailbox
    }

    /// Runs until the mailbox says to stop.
    func run() {
        let multi = mailbox.multi
        // One that is open is used again rather than closed, however many others there are.
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.concurrentRequests)
        while true {
            let delivery = mailbox.take()
            for submission in delivery.submissions { accept(submission) }
            if let fetched = delivery.credentials { credentials.note(fetched, at: time(nil)) }
            if delivery.isStopping { break }
            endCancelled()
            moveDue()
            startWaiting(multi)
            var count: Int32 = 0
            var code = ccurl_multi_perform(multi, &count)
            var ended = false
            var remaining: Int32 = 0
            while let message = ccurl_multi_info_read(multi, &remaining) {
                guard message.pointee.msg == CURLMSG_DONE else { continue }
                let result = ccurl_result(message)
                guard let handle = message.pointee.easy_handle,
                    let transfer = running.removeValue(forKey: handle)
                else {
                    continue
                }
                ccurl_multi_remove_handle(multi, handle)
                ended = true
                conclude(transfer, result)
                transfer.release()
                idle.append(transfer)
            }
            if code == CURLM_OK, !ended { code = wait(multi) }
            if code != CURLM_OK { endAll(multi, loopFailure(code)) }
        }
        endAll(
            multi,
            S3Error(
                .cancelled,
                "cannot go on with requests to s3://\(location.bucket): the client has ended: make another one"
            ))
        idle = []
        mailbox.close()
        withExtendedLifetime(sockets) { _ = ccurl_multi_cleanup(multi) }
    }

    private func loopFailure(_ code: CURLMcode) -> S3Error {
        S3Error(
            .unreachable,
            "cannot reach s3://\(location.bucket): \(String(cString: ccurl_multi_strerror(code))): look at the memory "
                + "and the open files of this machine")
    }

    /// Waits until something happens to a connection, the mailbox or a cancellation, or something is due.
    private func wait(_ multi: UnsafeMutableRawPointer) -> CURLMcode {
        // Rounded up, so that nothing is due a fraction of a millisecond after the wait.
        let untilDue = delayed.map(\.due).min().map {
            ContinuousClock.now.duration(to: $0) + .milliseconds(1)
        }
        let timeout = Int32(max(.zero, min(.seconds(60), untilDue ?? .seconds(60))) / .milliseconds(1))
        var extra = cancellations.values.map {
            curl_waitfd(fd: $0.cancellation.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        }
        return ccurl_multi_poll(multi, &extra, UInt32(extra.count), timeout, nil)
    }
}

// MARK: Starting

extension RequestLoop {
    private func accept(_ submission: Submission) {
        if let cancellation = submission.cancellation {
            cancellations[ObjectIdentifier(cancellation), default: (cancellation, 0)].count += 1
        }
        waiting.append(RequestJob(submission))
    }

    private func moveDue() {
        let now = ContinuousClock.now
        guard delayed.contains(where: { $0.due <= now }) else { return }
        let due = delayed.filter { $0.due <= now }.map(\.job)
        delayed.removeAll { $0.due <= now }
        waiting.replaceSubrange(..<waitingStart, with: due)
        waitingStart = 0
    }

    private func startWaiting(_ multi: UnsafeMutableRawPointer) {
        guard waitingStart < waiting.count else { return }
        fetchCredentialsIfDue()
        while waitingStart < waiting.count, running.count < configuration.concurrentRequests {
            switch credentials.state(at: time(nil)) {
            case .pending: return
            case .usable(let found): start(takeWaiting(), found, multi)
            case .failed(let error): end(takeWaiting(), .failure(error))
            }
        }
    }

    private func takeWaiting() -> RequestJob {
        let job = waiting[waitingStart]
        waitingStart += 1
        if waitingStart == waiting.count || waitingStart >= 1024 {
            waiting.removeFirst(waitingStart)
            waitingStart = 0
        }
        return job
    }

    private func start(_ job: RequestJob, _ credentials: Credentials?, _ multi: UnsafeMutableRawPointer) {
        guard mayStart(job) else { return }
        guard let transfer = idle.popLast() ?? RequestTransfer(location, configuration, mailbox, sockets)
        else {
            return end(job, .failure(loopFailure(CURLM_OUT_OF_MEMORY)))
        }
        transfer.prepare(job, credentials: credentials, etagForm: mailbox.etagForm)
        let code = ccurl_multi_add_handle(multi, transfer.handle)
        guard code == CURLM_OK else { return end(job, .failure(loopFailure(code))) }
        running[transfer.handle] = transfer
    }

    private func fetchCredentialsIfDue() {
        guard credentials.beginFetching(at: time(nil)) else { return }
        let source = configuration.credentials
        // Without a program or a server to ask, credentials are here at once.
        if let immediate = source.immediate { return credentials.note(immediate, at: time(nil)) }
        do {
            _ = try Thread { [mailbox] in
                Signals.blockBrokenPipes()
                mailbox.deliver(Result { () throws(S3Error) in try source.fetch() })
            }
        } catch {
            let failure = S3Error(
                .noCredentials, "cannot fetch credentials: \(error): look at the limits of this machine")
            credentials.note(.failure(failure), at: time(nil))
        }
    }
}

// MARK: Ending

extension RequestLoop {
    private func conclude(_ transfer: RequestTransfer, _ code: CURLcode) {
        guard let job = transfer.job else { return }
        let status = ccurl_response_code(transfer.handle)
        if code == CURLE_OK { observe(job, status) }
        if let failure = transfer.failure {
            // A store does nothing with a body that is cut short.
            let isCutShort = (failure as? S3Error)?.code == .localFailure
            job.mayHaveHadEffect = job.mayHaveHadEffect || !isCutShort && transfer.sendCount > 0
            return end(job, .failure(failure))
        }
        guard code == CURLE_OK, job.fault != .lostAnswer else {
            let failure = RequestFailure(transport: code, transfer.reason(code), subject(job))
            return retry(job, failure, mayHaveHadEffect: transfer.sendCount > 0)
        }
        var answer = RequestFailure.Answer(
            status: status, document: ErrorDocument(status < 300 ? [] : transfer.body))
        if case .failedAnswer(let status) = job.fault {
            answer = RequestFailure.Answer(status: status, document: ErrorDocument([]))
        }
        answer.bucketRegion = transfer.header("x-amz-bucket-region")?.shownInMessage
        answer.clockDifference = transfer.header("Date").map { Int(ccurl_getdate($0, nil)) - Int(time(nil)) }
        guard answer.isAccepted(for: job.request) else {
            return refuse(job, answer, .seconds(Int(clamping: ccurl_retry_after(transfer.handle))))
        }
        do {
            if job.request.kind == .get, answer.status < 300 { try transfer.checkRange() }
            let response = S3Response(
                status: answer.status, attributes: transfer.attributes,
                body: answer.status < 300 ? transfer.body : [],
                isRepeated: job.mayHaveHadEffect)
            end(job, .success(response))
        } catch {
            end(job, .failure(error))
        }
    }

    /// Handles an answer that is an error.
    private func refuse(_ job: RequestJob, _ answer: RequestFailure.Answer, _ pause: Duration = .zero) {
        if answer.isExpiry, job.credentials != nil, !job.hasRenewedCredentials {
            // The store did nothing, so this is no attempt.
            credentials.noteEnd(of: job.credentials)
            job.hasRenewedCredentials = true
            delayed.append((.now, job))
            return
        }
        retry(
            job, RequestFailure(answer, subject(job)), mayHaveHadEffect: !answer.isRefusal, wantedPause: pause
        )
    }

    /// Schedules another attempt, or ends the request where none may help.
    private func retry(
        _ job: RequestJob, _ failure: RequestFailure, mayHaveHadEffect: Bool, wantedPause: Duration = .zero
    ) {
        job.mayHaveHadEffect = job.mayHaveHadEffect || mayHaveHadEffect
        guard job.attempt < failure.usefulAttempts, job.request.mayRepeat || !job.mayHaveHadEffect,
            let delay = configuration.retries.delay(
                after: job.attempt, elapsed: job.begin.duration(to: .now), wanted: wantedPause)
        else { return end(job, .failure(failure.error)) }
        job.beginNextAttempt()
        delayed.append((.now + delay, job))
    }

    private func subject(_ job: RequestJob) -> RequestFailure.Subject {
        RequestFailure.Subject(
            request: job.request, shown: shown(job), configuration: configuration,
            isSigned: job.credentials != nil)
    }

    private func endCancelled() {
        let requested = Set(cancellations.filter { $0.value.cancellation.isRequested }.keys)
        guard !requested.isEmpty else { return }
        func isCancelled(_ job: RequestJob) -> Bool {
            job.submission.cancellation.map { requested.contains(ObjectIdentifier($0)) } ?? false
        }
        for (handle, transfer) in running {
            guard let job = transfer.job, isCancelled(job) else { continue }
            ccurl_multi_remove_handle(mailbox.multi, handle)
            running[handle] = nil
            transfer.release()
            idle.append(transfer)
            end(job, .failure(cancelled(job)))
        }
        let jobs = waiting[waitingStart...].filter(isCancelled) + delayed.map(\.job).filter(isCancelled)
        waiting = waiting[waitingStart...].filter { !isCancelled($0) }
        waitingStart = 0
        delayed.removeAll { isCancelled($0.job) }
        for job in jobs { end(job, .failure(cancelled(job))) }
    }

    private func cancelled(_ job: RequestJob) -> S3Error {
        S3Error(.cancelled, "cannot \(job.request.action) \(shown(job)): it was cancelled")
    }

    private func endAll(_ multi: UnsafeMutableRawPointer, _ error: S3Error) {
        let jobs = running.values.compactMap(\.job) + waiting[waitingStart...] + delayed.map(\.job)
        for (handle, transfer) in running {
            ccurl_multi_remove_handle(multi, handle)
            transfer.release()
            idle.append(transfer)
        }
        (running, waiting, waitingStart, delayed) = ([:], [], 0, [])
        for job in jobs { end(job, .failure(error)) }
    }

    private func end(_ job: RequestJob, _ outcome: ResponseSlot.Outcome) {
        if let cancellation = job.submission.cancellation {
            let key = ObjectIdentifier(cancellation)
            cancellations[key]?.count -= 1
            if cancellations[key]?.count == 0 { cancellations[key] = nil }
        }
        guard case .failure(let error) = outcome, (error as? S3Error)?.code != .cancelled, job.isDelicate,
            job.mayHaveHadEffect
        else {
            return job.submission.slot.finish(outcome)
        }
        job.submission.slot.finish(
            .failure(
                S3Error(
                    .outcomeUnknown,
                    "cannot tell if \(shown(job)) was \(job.request.kind == .put ? "written" : "removed"): \(error)"
                )))
    }

    private func shown(_ job: RequestJob) -> String {
        job.request.key.map(location.shown) ?? "s3://\(location.bucket)"
    }
}

// MARK: Faults

extension RequestLoop {
    /// Returns false where an observer keeps the attempt from being sent; then it has ended.
    private func mayStart(_ job: RequestJob) -> Bool {
        #if DEBUG
            job.fault = configuration.observer?.willSend(job.observed)
            switch job.fault {
            case .refused:
                retry(
                    job, RequestFailure(transport: CURLE_COULDNT_CONNECT, "refused by a test", subject(job)),
                    mayHaveHadEffect: false)
                return false
            case .rejected(let status):
                refuse(job, RequestFailure.Answer(status: status, document: ErrorDocument([])))
                return false
            case nil, .lostAnswer, .failedAnswer: break
            }
        #endif
        return true
    }

    private func observe(_ job: RequestJob, _ status: Int) {
        #if DEBUG
            configuration.observer?.didReceive(job.observed, status: status)
        #endif
    }
}
