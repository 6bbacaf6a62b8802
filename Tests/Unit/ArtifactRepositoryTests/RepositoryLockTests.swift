// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
@testable import ArtifactRepository
import Foundation
import Glibc
import SystemCalls
import TestSupport
import Testing

/// The repository's lock, which is the one that libostree takes.
@Suite struct RepositoryLockTests {
    /// A repository with a line in the section `core` of its configuration.
    private func repository(_ scratch: TemporaryDirectory, _ setting: String) throws -> Repository {
        let made = try scratch.repository(.archive)
        let path = "\(made.path)/config"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("[core]\n", with: "[core]\n\(setting)\n").write(
            toFile: path, atomically: false, encoding: .utf8)
        return try Repository(made.path)
    }

    /// The repository's lock file, opened for a lock of its own.
    private func lockFile(_ repository: Repository) throws -> Descriptor {
        let number = open("\(repository.path)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
        try #require(number >= 0)
        return Descriptor(number)
    }

    @Test(arguments: [true, false])
    func `ostree prune waits for it`(isExclusive: Bool) throws {
        let scratch = try TemporaryDirectory()
        let repository = try repository(scratch, "lock-timeout-secs=0")
        _ = try repository.commit(directory: scratch.makeDirectory("tree"), refs: [.named("a")])
        let prune = ["ostree", "prune", "--refs-only", "--repo=\(repository.path)"]
        try repository.withLocks(exclusive: isExclusive) {
            let result = try run(prune)
            #expect(!result.succeeded)
            #expect(result.errorText.contains("Locking repo exclusive failed"), "\(result.errorText)")
        }
        expectSuccess(try run(prune))
    }

    @Test func `Several hold it for publications, and one alone to remove objects`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try repository(scratch, "lock-timeout-secs=0")
        let lock = try lockFile(repository)
        try #require(FileLock(lock, .shared, waitingAtMost: .zero) != nil)
        #expect(try repository.withLocks { true })
        let error = #expect(throws: RepositoryError.self) { try repository.withLocks(exclusive: true) {} }
        #expect(error?.code == .busy)
        #expect(error?.description.contains("another program holds its lock") == true)
    }

    @Test func `It is not taken where the configuration says so`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try repository(scratch, "lock-timeout-secs=0\nlocking=false")
        let lock = try lockFile(repository)
        try #require(FileLock(lock, .exclusive, waitingAtMost: .zero) != nil)
        #expect(try repository.withLocks(exclusive: true) { true })
    }

    @Test func `It is waited for`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try repository(scratch, "lock-timeout-secs=-1")
        var lock = try FileLock(lockFile(repository), .exclusive, waitingAtMost: .zero)
        try #require(lock != nil)
        let isDone = Locked(false)
        let waiting = try Thread {
            try? repository.withLocks { isDone.withLock { $0 = true } }
        }
        // That nothing happens cannot be awaited; who does not wait is done in a thousandth of the time.
        usleep(50_000)
        #expect(!isDone.withLock { $0 })
        lock = nil
        waiting.join()
        #expect(isDone.withLock { $0 })
    }
}
