// SPDX-License-Identifier: Apache-2.0

/// Runs what blocks on a thread of its own, while a task waits for it.
///
/// - Parameter body: gets what is requested when the task is cancelled.
/// - Throws: what `body` throws, or `CancellationError` where it failed after the task was cancelled.
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
