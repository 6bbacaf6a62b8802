// SPDX-License-Identifier: Apache-2.0

import CCurl
import SystemCalls

/// A request on its way to the client's thread.
struct Submission: Sendable {
    let request: S3Request
    /// The value of `x-amz-content-sha256`.
    let payloadHash: String
    let slot: ResponseSlot
    let cancellation: Cancellation?
}

/// The state that the client's thread shares with those that use the client.
final class Mailbox: Sendable {
    struct Delivery {
        var submissions: [Submission] = []
        var credentials: Result<Credentials?, S3Error>?
        var isStopping = false
    }

    private struct State {
        var delivery = Delivery()
        var counts = RequestCounts()
        var etagForm = ETag.Form.unquoted
        var hasEnded = false
    }

    private let state = Monitor(State())
    /// The handle of the thread, which others use for nothing but `curl_multi_wakeup`, hence nonisolated(unsafe).
    nonisolated(unsafe) let multi: UnsafeMutableRawPointer

    init() throws(S3Error) {
        if let obstacle = CurlLibrary.load() {
            throw S3Error(.unreachable, "cannot reach the store: \(obstacle)")
        }
        guard let multi = ccurl_multi_init() else {
            throw S3Error(.unreachable, "cannot reach the store: libcurl has no memory left")
        }
        self.multi = multi
    }

    var counts: RequestCounts { state.withLock { $0.counts } }

    func count(_ kind: RequestKind) { state.withLock { $0.counts.add(kind) } }

    var etagForm: ETag.Form {
        get { state.withLock { $0.etagForm } }
        set { state.withLock { $0.etagForm = newValue } }
    }

    func submit(_ submission: Submission) { post { $0.submissions.append(submission) } }

    func deliver(_ credentials: Result<Credentials?, S3Error>) { post { $0.credentials = credentials } }

    func stop() { post { $0.isStopping = true } }

    private func post(_ change: (inout Delivery) -> Void) {
        state.withLock { state in
            change(&state.delivery)
            if !state.hasEnded { ccurl_multi_wakeup(multi) }
        }
    }

    /// Takes everything that has come.
    func take() -> Delivery {
        state.withLock { state in
            defer { state.delivery = Delivery(isStopping: state.delivery.isStopping) }
            return state.delivery
        }
    }

    /// Forgets the handle, which is about to go.
    func close() { state.withLock { $0.hasEnded = true } }
}
