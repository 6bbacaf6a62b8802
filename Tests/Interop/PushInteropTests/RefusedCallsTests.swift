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

    /// What cannot work, and what is said then: libraries that take EPERM for a refusal, and a kernel that has one call of
    /// Landlock and not the other, where doing without would be less safe than it seems.
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
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("a/b/c")
        try shop.directory.file("large/file", String(repeating: "large", count: 500_000))
        try OSTreeCommand.commit(shop.source, tree: shop.directory.path("large"), refs: ["a/large"])
        let launcher = [try Programs.refuseCalls(), refusal.error, refusal.call, try Programs.artifact()]
        /// Runs the client, and expects success or the sentence that says why there is none.
        func run(_ name: String, _ arguments: [String]) throws {
            let result = try TestSupport.run(
                launcher + arguments, environment: Client.environment, timeout: 60)
            guard let words = Self.limits["\(name) \(refusal.call) \(refusal.error)"] else {
                return expectSuccess(result)
            }
            #expect(result.failed && result.errorText.contains(words), "\(result.errorText)")
        }

        try run("push", Client.pushing(["a/b/c", "a/large"], from: shop.source, to: shop.cache))
        let isPushed = Self.limits["push \(refusal.call) \(refusal.error)"] == nil
        let cache = isPushed ? shop.cache : shop.source
        if isPushed { try expectArrived(["a/b/c"], at: commit, in: cache) }
        try run("fsck", ["repo", "fsck", "--repo", cache])

        let server = launcher + ["serve", shop.cache, "--http", "--listen", "127.0.0.1:0"]
        let process = try RunningProcess(server, environment: Client.environment)
        if let words = Self.limits["serve \(refusal.call) \(refusal.error)"] {
            #expect(try process.finish(timeout: 30).errorText.contains(words))
        } else {
            let line = try #require(try process.readLine(), "the server does not start: \(process.errorText)")
            let url = try #require(line.split(separator: " ").last { $0.hasPrefix("http:") })
            if isPushed {
                let pulled = shop.directory.path("pulled")
                try OSTreeCommand.initRepo(pulled, mode: .bareUser)
                try run(
                    "pull", ["pull", "--repo", pulled, "--remote", String(url), "a/b/c", "a/large"])
            }
            process.terminate()
            expectSuccess(try process.finish(timeout: 30))
        }
        try run("checkout", ["checkout", "--repo", shop.source, "a/large", shop.directory.path("out")])
        try run("expire", ["repo", "expire", "--repo", shop.cache, "--max-size", "1"])
    }

    @Test func `An object that cannot be read at the moment is not damaged, and not removed`() throws {
        let shop = try Workshop(.bareUser)
        try shop.commit("a/b/c")
        try expectFailure("read attribute user.ostreemeta", status: 1, unchanged: [shop.source]) {
            try TestSupport.run(
                [
                    Programs.refuseCalls(), "EPERM", "fgetxattr", Programs.artifact(), "repo", "fsck",
                    "--repo",
                    shop.source, "--delete",
                ], environment: Client.environment)
        }
        try OSTreeCommand.fsck(shop.source)
    }
}
