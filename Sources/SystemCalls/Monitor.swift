// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A value that threads share, behind a mutex and a condition variable that announces changes.
public final class Monitor<State>: @unchecked Sendable {
    // The state is only touched with the lock held, hence @unchecked Sendable.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    /// Creates a monitor of a value.
    public init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Accesses the state without waking up waiting threads.
    public func withLock<T>(_ body: (inout State) throws -> T) rethrows -> T {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&state)
    }

    /// Changes the state and wakes up all waiting threads.
    public func change<T>(_ body: (inout State) throws -> T) rethrows -> T {
        try withLock { state in
            defer { pthread_cond_broadcast(changed) }
            return try body(&state)
        }
    }

    /// Waits until a condition holds.
    ///
    /// - Returns: false after a timeout.
    public func wait(atMost timeout: Duration, until isTrue: (State) -> Bool) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = deadline.tv_nsec + Int(timeout.components.attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(timeout.components.seconds) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while !isTrue(state) {
            if pthread_cond_timedwait(changed, lock, &deadline) == ETIMEDOUT { return isTrue(state) }
        }
        return true
    }

    /// Waits until `body` returns a value, and calls it again after each change.
    ///
    /// - Parameter telling: true to wake up the other threads afterwards, which is expensive if they wait for something
    ///   else.
    public func wait<T>(telling: Bool = true, for body: (inout State) throws -> T?) rethrows -> T {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let result = try body(&state) {
                if telling { pthread_cond_broadcast(changed) }
                return result
            }
            pthread_cond_wait(changed, lock)
        }
    }
}
