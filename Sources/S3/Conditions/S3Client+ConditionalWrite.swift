// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// The result of a conditional write whose outcome was settled by reading, where it had to be.
package enum ConditionalWrite: Equatable, Sendable {
    /// It is written, with this ETag, where the store says one.
    case written(ETag?)
    /// Something else is there, or nothing (nil), and this write has changed nothing that is there now.
    case other(S3Object?)
}

extension S3Client {
    /// Creates an object; where there is one, reads it.
    ///
    /// See `replaceOrRead(_:_:replacing:limit:cacheControl:cancellation:)`.
    package func createOrRead(
        _ key: String, _ bytes: [UInt8], limit: Int, cacheControl: String? = nil,
        cancellation: Cancellation? = nil
    ) throws -> ConditionalWrite {
        try replaceOrRead(
            key, bytes, replacing: nil, limit: limit, cacheControl: cacheControl, cancellation: cancellation)
    }

    /// Replaces one version of an object, or creates it; where something else is there, reads that.
    ///
    /// A conditional put whose answer is lost may have had its effect, and its repetition then fails by its own
    /// success. So where that is possible, the object is read back, and counts as written if it has these bytes. That
    /// is right only if nobody else writes the same bytes there: put something unique into them, such as a random
    /// number.
    ///
    /// If bytes of others are read back, this write may still have been there before them, and they may have built
    /// upon it. That is impossible for keys that are only ever created.
    ///
    /// - Parameters:
    ///   - version: the version to be replaced; nil where there must be none.
    ///   - limit: the most bytes of an object that is read.
    /// - Throws: `S3Error`, with code `outcomeUnknown` where the store stays silent; then it may even be written later.
    package func replaceOrRead(
        _ key: String, _ bytes: [UInt8], replacing version: ETag?, limit: Int, cacheControl: String? = nil,
        cancellation: Cancellation? = nil
    ) throws -> ConditionalWrite {
        let begin = ContinuousClock.now
        let condition = version.map(PutCondition.ifMatch) ?? .ifAbsent
        // Once unknown, the outcome stays so, since an attempt may have its effect late.
        var isUncertain = false
        var round = 0
        while true {
            round += 1
            do {
                let put = S3Operation.put(key, bytes, if: condition, cacheControl: cacheControl)
                switch try run(put, cancellation: cancellation) {
                case .stored(let etag): return .written(etag)
                case .preconditionFailed: break
                case .unknown: isUncertain = true
                }
            } catch let error as S3Error where error.code == .outcomeUnknown {
                isUncertain = true
            }
            let found: S3Object?
            do {
                found = try run(
                    .get(key, limit: max(limit, bytes.count), isFresh: true), cancellation: cancellation
                ).found
            } catch let error as S3Error where isUncertain && error.code != .cancelled {
                throw S3Error(.outcomeUnknown, "cannot tell if \(shown(key)) was written: \(error)")
            }
            if isUncertain, let found, found.bytes == bytes { return .written(found.attributes.etag) }
            // The version to be replaced is still there, or there is none: the same put may succeed now.
            guard found?.attributes.etag == version, found == nil || version != nil else {
                return .other(found)
            }
            let elapsed = begin.duration(to: .now)
            guard let pause = configuration.retries.delay(after: round, elapsed: elapsed, wanted: .zero)
            else {
                throw S3Error(
                    isUncertain ? .outcomeUnknown : .unavailable,
                    "cannot write \(shown(key)): the store refuses the condition, and yet it holds: try again later, "
                        + "and tell its administrator")
            }
            _ = try cancellation?.isRequested(within: pause) ?? Cancellation().isRequested(within: pause)
        }
    }
}
