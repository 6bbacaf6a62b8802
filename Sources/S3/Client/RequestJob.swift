// SPDX-License-Identifier: Apache-2.0

/// A request with all of its attempts. It belongs to the client's thread.
final class RequestJob {
    let submission: Submission
    /// The number of the attempt, from 1.
    private(set) var attempt = 1
    let begin = ContinuousClock.now
    /// Indicates that an attempt may have had its effect although it is not known.
    var mayHaveHadEffect = false
    /// Indicates that credentials were fetched once more for this request.
    var hasRenewedCredentials = false
    /// The credentials that the present attempt is signed with.
    var credentials: Credentials?
    /// The fault that an observer makes out of the present attempt.
    var fault: RequestFault?
    /// The bytes that a sink has taken.
    var delivered: UInt64 = 0
    /// The version of the object that they belong to.
    var version: ETag?

    var request: S3Request { submission.request }

    init(_ submission: Submission) { self.submission = submission }

    func beginNextAttempt() { attempt += 1 }

    /// Indicates that an attempt after one that had its effect has another result.
    var isDelicate: Bool { request.condition != .none || !request.mayRepeat }

    var observed: ObservedRequest { ObservedRequest(kind: request.kind, key: request.key, attempt: attempt) }

    /// The wanted part of the object that is still to come; nil for all of it.
    var missingRange: (start: UInt64, end: UInt64?)? {
        let start = (request.range?.lowerBound ?? 0) + delivered
        guard request.range != nil || delivered > 0 else { return nil }
        return (start, request.range?.upperBound)
    }
}
