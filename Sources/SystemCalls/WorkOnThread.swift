// SPDX-License-Identifier: Apache-2.0

/// Runs blocking work on a thread of its own, while a task awaits it.
///
/// - Parameter body: the work. Its cancellation is requested when the task is cancelled.
/// - Throws: the error of `body`; `CancellationError` instead if the task was cancelled.
public func workOnThread<Result: Sendable>(
    _ body: @escaping @Sendable (Cancellation) throws -> Result
) async throws -> Result {
    let cancellation = try Cancellation()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            do {
                _ = try Thread {
                    Signals.blockBrokenPipes()
                    continuation.resume(
                        with: Swift.Result {
                            do {
                                try cancellation.check()
                                return try body(cancellation)
                            } catch {
                                throw cancellation.isRequested ? CancellationError() : error
                            }
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    } onCancel: {
        cancellation.request()
    }
}
