// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A lock with a condition to wait for: what threads share, one of them uses at a time, and all hear of changes.
public final class Monitor<State>: @unchecked Sendable {
    // The state is only touched with the lock held, hence @unchecked Sendable.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    /// Shares a value.
    public init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Uses the state, without telling anybody of a change.
    public func withLock<T>(_ body: (inout State) throws -> T) rethrows -> T {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&state)
    }

    /// Changes the state and lets all who wait look at it again.
    public func change<T>(_ body: (inout State) throws -> T) rethrows -> T {
        pthread_mutex_lock(lock)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(lock)
        }
        return try body(&state)
    }

    /// Waits until `isTrue`, but not longer than `milliseconds`.
    ///
    /// - Returns: whether it became true.
    public func wait(atMost milliseconds: UInt64, until isTrue: (State) -> Bool) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += Int(milliseconds / 1000)
        deadline.tv_nsec += Int(milliseconds % 1000) * 1_000_000
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while !isTrue(state) {
            if pthread_cond_timedwait(changed, lock, &deadline) == ETIMEDOUT { return isTrue(state) }
        }
        return true
    }

    /// Waits until `body` returns a value, looking again after each change.
    ///
    /// - Parameter telling: whether what `body` changes is told to the others, which costs as much as all the rest where they
    ///   wait for something else.
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
