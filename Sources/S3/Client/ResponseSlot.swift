// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// The place of the answer to a request that is under way.
final class ResponseSlot: Sendable {
    /// The failure is an `S3Error`, or the error of a sink.
    typealias Outcome = Result<S3Response, any Error>

    private struct State {
        var outcome: Outcome?
        var listeners: [@Sendable (Outcome) -> Void] = []
    }

    private let state = Monitor(State())

    func wait() -> Outcome {
        state.wait(telling: false) { $0.outcome }
    }

    /// Calls `listener` with the answer: at once where it is there, otherwise on the client's thread.
    func notify(_ listener: @escaping @Sendable (Outcome) -> Void) {
        let outcome = state.withLock { state in
            if state.outcome == nil { state.listeners.append(listener) }
            return state.outcome
        }
        if let outcome { listener(outcome) }
    }

    func finish(_ outcome: Outcome) {
        let listeners = state.change { state in
            guard state.outcome == nil else { return [] as [@Sendable (Outcome) -> Void] }
            state.outcome = outcome
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener(outcome) }
    }
}
