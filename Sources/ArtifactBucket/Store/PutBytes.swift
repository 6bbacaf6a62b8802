// SPDX-License-Identifier: Apache-2.0

import S3
import SystemCalls

/// The bytes of objects that were put and are not told by an entry of the log yet.
final class PutBytes: Sendable {
    private let sum = Monitor<UInt64>(0)

    var value: UInt64 { sum.withLock(\.self) }

    /// Notes bytes. Also those of a put of which the store does not say if it was the one that had its effect.
    func add(_ size: UInt64, for result: PutResult = .unknown) {
        if result != .preconditionFailed { sum.withLock { $0 += size } }
    }

    /// Forgets bytes that an entry tells.
    func subtract(_ size: UInt64) { sum.withLock { $0 -= min($0, size) } }
}
