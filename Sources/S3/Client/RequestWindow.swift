// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// Runs a long series of requests with some of them under way at the same time.
///
/// Threads wait in `run` while the window is full.
package final class RequestWindow: Sendable {
    private struct State {
        var count = 0
        var failure: (any Error)?
    }

    private let client: S3Client
    private let limit: Int
    private let cancellation: Cancellation?
    private let state = Monitor(State())

    /// Creates an empty window.
    ///
    /// - Parameter limit: the most requests under way.
    package init(_ client: S3Client, limit: Int = 32, cancellation: Cancellation? = nil) {
        self.client = client
        self.limit = max(1, limit)
        self.cancellation = cancellation
    }

    /// Submits a request, as soon as there is room for it.
    ///
    /// - Parameter use: receives the result on the client's thread; it must be quick and not wait for requests.
    /// - Throws: the first failure of an earlier request; nothing is submitted then.
    package func run<Value>(
        _ operation: S3Operation<Value>, then use: @escaping @Sendable (Value) throws -> Void = { _ in }
    ) throws {
        let failure: (any Error)? = state.wait(telling: false) { [limit] state in
            if let failure = state.failure { return .some(.some(failure)) }
            guard state.count < limit else { return nil }
            state.count += 1
            return .some(nil)
        }
        if let failure { throw failure }
        client.start(operation, cancellation: cancellation).notify { [state] result in
            let failure: (any Error)?
            do {
                try use(result.get())
                failure = nil
            } catch {
                failure = error
            }
            state.change { state in
                state.count -= 1
                state.failure = state.failure ?? failure
            }
        }
    }

    /// Waits until all requests have ended.
    ///
    /// - Throws: the first failure.
    package func finish() throws {
        let failure: (any Error)? = state.wait(telling: false) { $0.count == 0 ? .some($0.failure) : nil }
        if let failure { throw failure }
    }
}
