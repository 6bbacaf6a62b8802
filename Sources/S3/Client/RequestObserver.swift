// SPDX-License-Identifier: Apache-2.0

/// An attempt at a request, for a `RequestObserver`.
package struct ObservedRequest: Sendable {
    /// The kind.
    package let kind: RequestKind
    /// The key; nil for requests to the bucket.
    package let key: String?
    /// The number of the attempt, from 1.
    package let attempt: Int
}

/// A fault that an observer makes out of an attempt.
package enum RequestFault: Equatable, Sendable {
    /// Sends nothing, as if no connection could be made.
    case refused
    /// Sends nothing, as if the store had answered with this status and had done nothing.
    case rejected(status: Int)
    /// Sends the request and drops the answer, as if the connection had been cut behind the request's effect.
    case lostAnswer
    /// Sends the request and replaces the answer by this status, as a store that fails behind the effect does.
    case failedAnswer(status: Int)
}

/// Sees each attempt at a request and can make it fail, for fault injection. Only debug builds call it.
package protocol RequestObserver: Sendable {
    /// Called on the client's thread before an attempt. It may end the process.
    ///
    /// - Returns: the fault to make; nil for none.
    func willSend(_ request: ObservedRequest) -> RequestFault?
    /// Called on the client's thread when the store has answered, before anybody learns of it. It may end the process.
    func didReceive(_ request: ObservedRequest, status: Int)
}
