// SPDX-License-Identifier: Apache-2.0

/// A request that was submitted and whose answer may not be there yet.
package struct PendingResponse<Value: Sendable>: Sendable {
    let slot: ResponseSlot
    let meaning: @Sendable (ResponseSlot.Outcome) throws -> Value
    /// Keeps the client's thread alive.
    let client: S3Client

    /// Waits for the answer.
    ///
    /// - Throws: `S3Error`, with code `cancelled` where the request's cancellation was requested, or the error of a
    ///   sink.
    package func value() throws -> Value {
        try meaning(slot.wait())
    }

    /// Calls `body` with the result, at once where the answer is there, otherwise on the client's thread, on which all
    /// other requests wait meanwhile. It may start further requests but must not wait for one.
    package func notify(_ body: @escaping @Sendable (Result<Value, any Error>) -> Void) {
        slot.notify { [meaning] outcome in body(Result { try meaning(outcome) }) }
    }
}
