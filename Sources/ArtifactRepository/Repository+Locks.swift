// SPDX-License-Identifier: Apache-2.0

import COSTree
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
            return try withLibraryLock(OSTREE_REPO_LOCK_SHARED, failure: .library, body)
        }
    }

    /// Runs `body` while holding libostree's repository lock, exclusively.
    func withExclusiveLock<T>(_ body: () throws -> T) throws -> T {
        try withLibraryLock(OSTREE_REPO_LOCK_EXCLUSIVE, failure: .busy, body)
    }

    private func withLibraryLock<T>(
        _ type: OstreeRepoLockType, failure: RepositoryError.Code, _ body: () throws -> T
    ) throws -> T {
        _ = try withGError("lock repository \(path)", code: failure) { error in
            ostree_repo_lock_push(handle, type, nil, error)
        }
        defer { ostree_repo_lock_pop(handle, type, nil, nil) }
        return try body()
    }
}
