// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The programs where a seccomp profile, or the kernel, does not know the newer system calls.
@Suite struct RefusedCallsTests {
    /// A system call that is answered with an error.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let call: String
        let error: String
        var testDescription: String { "\(call): \(error)" }
    }

    private static let calls = [
        "faccessat2", "openat2", "statx", "renameat2", "copy_file_range", "close_range",
        "landlock_create_ruleset",
        "landlock_add_rule", "landlock_restrict_self", "getrandom", "rseq", "memfd_create", "pidfd_open",
        "preadv2",
        "clone3", "fchmodat2", "epoll_pwait2", "sync_file_range", "fallocate", "syncfs", "linkat",
        "fsetxattr",
    ]
    static let refusals = calls.flatMap { call in ["EPERM", "ENOSYS"].map { Refusal(call: call, error: $0) } }

    /// Commands that cannot work, with their messages: libraries take EPERM for a refusal, and with a kernel that has one call of
    /// Landlock and not the other, doing without would be less safe than it seems.
    private static let limits = [
        "checkout copy_file_range EPERM": "Operation not permitted",
        "push landlock_add_rule EPERM": "cannot allow access to",
        "push landlock_add_rule ENOSYS": "cannot allow access to",
        "push landlock_restrict_self EPERM": "cannot give up access to files",
        "push landlock_restrict_self ENOSYS": "cannot give up access to files",
        "push clone3 EPERM": "cannot start a thread: Operation not permitted",
        "fsck clone3 EPERM": "cannot start a thread: Operation not permitted",
        "pull clone3 EPERM": "cannot start a thread: Operation not permitted",
        "checkout clone3 EPERM": "cannot start a thread: Operation not permitted",
        "serve clone3 EPERM": "Operation not permitted",
        "checkout linkat EPERM": "Operation not permitted",
        "checkout linkat ENOSYS": "Function not implemented",
        "pull fsetxattr EPERM": "Operation not permitted",
        "pull fsetxattr ENOSYS": "Function not implemented",
    ]

    @Test(arguments: refusals) func `Push, pull, fsck, checkout, expiry and serve do their work`(
        _ refusal: Refusal
    ) throws {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("a/b/c")
        try stage.directory.file("large/file", String(repeating: "large", count: 500_000))
        try OSTreeCommand.commit(stage.mine, tree: stage.directory.path("large"), refs: ["a/large"])
        let launcher = [try Programs.refuseCalls(), refusal.error, refusal.call, try Programs.artifact()]
        /// Runs the client, and expects success or the sentence that says why there is none.
        func run(_ name: String, _ arguments: [String]) throws {
            let result = try stage.run(launcher + arguments, timeout: patience)
            guard let words = Self.limits["\(name) \(refusal.call) \(refusal.error)"] else {
                return expectSuccess(result)
            }
            #expect(result.failed && result.errorText.contains(words), "\(result.errorText)")
        }

        try run("push", stage.pushing(["a/b/c", "a/large"]))
        let isPushed = Self.limits["push \(refusal.call) \(refusal.error)"] == nil
        let cache = isPushed ? stage.cache : stage.mine
        if isPushed { try stage.expectArrived(["a/b/c"], at: commit) }
        try run("fsck", ["repo", "fsck", "--repo", cache])

        let server = launcher + ["serve", stage.cache, "--http", "--listen", "127.0.0.1:0"]
        let process = try RunningProcess(server, environment: stage.environment)
        if let words = Self.limits["serve \(refusal.call) \(refusal.error)"] {
            #expect(try process.finish(timeout: 30).errorText.contains(words))
        } else {
            let line = try #require(try process.readLine(), "the server does not start: \(process.errorText)")
            let url = try #require(line.split(separator: " ").last { $0.hasPrefix("http:") })
            if isPushed {
                let other = try stage.another()
                try withExtendedLifetime(other) {
                    try run("pull", other.pulling(["a/b/c", "a/large"], from: String(url)))
                }
            }
            process.terminate()
            expectSuccess(try process.finish(timeout: 30))
        }
        try run("checkout", ["checkout", "--repo", stage.mine, "a/large", stage.directory.path("out")])
        try run("expire", ["repo", "expire", "--repo", stage.cache, "--max-size", "1"])
    }

    @Test func `An object that cannot be read at the moment is not damaged, and not removed`() throws {
        let stage = try Stage(.bareUser)
        try stage.commit("a/b/c")
        try expectFailure("read attribute user.ostreemeta", status: 1, unchanged: [stage.mine]) {
            try stage.run([
                Programs.refuseCalls(), "EPERM", "fgetxattr", Programs.artifact(), "repo", "fsck", "--repo",
                stage.mine, "--delete",
            ])
        }
        try OSTreeCommand.fsck(stage.mine)
    }
}
