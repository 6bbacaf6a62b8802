// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

// The order of locks is fixed: refs first, then libostree's.

extension Repository {
    /// Runs `body` while no other process that asks for this lock moves refs.
    ///
    /// libostree has no such lock; the one taken is on the directory `refs/heads` itself, so that nothing has to be
    /// left behind in the repository. It is always taken before libostree's repository lock, so that `flock
    /// refs/heads ostree prune ...` keeps publications away from what `ostree prune` does without a lock.
    func withRefLock<T>(_ body: () throws -> T) throws -> T {
        let heads = try standardDirectory("refs/heads")
        guard retryingInterrupts({ flock(heads.descriptor.number, LOCK_EX) }) == 0 else {
            throw SystemError("lock the refs of \(path)")
        }
        return try body()
    }

    /// Runs `body` while holding the ref lock and libostree's. While that is shared, `ostree prune` waits, and everything else
    /// goes on.
    func withLocks<T>(exclusive: Bool = false, _ body: () throws -> T) throws -> T {
        try withRefLock {
            if exclusive { return try withExclusiveLock(body) }
            return try withRepositoryLock(.shared, body)
        }
    }

    /// Runs `body` while holding libostree's repository lock, exclusively.
    ///
    /// - Parameter timeout: the time to wait for it; nil for what the repository's configuration says.
    /// - Throws: `RepositoryError` with `busy` after that time.
    func withExclusiveLock<T>(waitingAtMost timeout: Duration? = nil, _ body: () throws -> T) throws -> T {
        try withRepositoryLock(.exclusive, waitingAtMost: timeout, body)
    }

    /// Runs `body` while holding libostree's repository lock: the file `.lock`, locked as a whole. As libostree does, it takes
    /// none where the configuration says so, or where the user cannot write into the repository.
    private func withRepositoryLock<T>(
        _ kind: FileLock.Kind, waitingAtMost timeout: Duration? = nil, _ body: () throws -> T
    ) throws -> T {
        guard configuration.isLocking,
            faccessat(root.descriptor.number, "objects", W_OK, AT_EACCESS) == 0
        else { return try body() }
        let number = retryingInterrupts {
            openat(root.descriptor.number, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
        }
        guard number >= 0 else { throw SystemError("open \(path)/.lock") }
        let timeout = timeout ?? configuration.lockTimeout
        guard let lock = try FileLock(Descriptor(number), kind, waitingAtMost: timeout) else {
            throw RepositoryError(
                .busy,
                "cannot lock repository \(path): another program holds its lock for more than "
                    + "\(timeout?.components.seconds ?? 0) s, so try again when it has ended")
        }
        return try withExtendedLifetime(lock) { try body() }
    }
}
