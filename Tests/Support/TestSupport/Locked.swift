// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A value behind a lock that the thread sanitizer knows, unlike `Mutex`, which is not compiled for it.
public final class Locked<Value>: @unchecked Sendable {
    // The value is only touched with the lock held, hence @unchecked Sendable.
    private let lock = NSLock()
    private var value: Value

    /// Puts a value behind a lock.
    public init(_ value: sending Value) {
        self.value = value
    }

    /// Accesses the value.
    public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
