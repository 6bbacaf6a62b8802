// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Standard output that cannot be written: a loss is an error, unless the reader went away.
@Suite struct LostOutputTests {
    /// A command of each kind that writes to it.
    private static let commands = [
        "bst-artifact --help", "bst-artifact help push", "bst-artifact --version",
        "bst-artifact --generate-completion-script bash", "bst-artifact-receive --help",
        "bst-artifact-receive --version", "bst-artifact-receive --generate-completion-script bash",
        "bst-artifact init new", "bst-artifact push --repo mine --remote CACHE world/app/11aa",
        "bst-artifact push --repo mine --remote CACHE world/app/11aa --json",
        "bst-artifact push --repo mine --remote CACHE --all --dry-run",
        "bst-artifact pull --repo mine --remote CACHE hello/base/4f2a",
        "bst-artifact pull --repo mine --remote CACHE hello/base/4f2a --json",
        "bst-artifact list --remote CACHE", "bst-artifact list --remote CACHE --long",
        "bst-artifact list --remote CACHE --json", "bst-artifact check --remote CACHE",
        "bst-artifact check --remote CACHE --json", "bst-artifact show --repo mine hello/base/4f2a",
        "bst-artifact diff --repo mine hello/base/4f2a world/app/11aa",
        "bst-artifact diff --repo mine hello/base/4f2a world/app/11aa --json",
        "bst-artifact commit --repo mine tree new/ref", "bst-artifact commit --repo mine tree new/ref --json",
        "bst-artifact checkout --repo mine hello/base/4f2a out", "bst-artifact repo stats --repo cache",
        "bst-artifact repo log --repo cache", "bst-artifact repo fsck --repo cache",
        "bst-artifact repo summary --repo cache", "bst-artifact repo pin --repo cache hello/base/4f2a",
        "bst-artifact repo expire --repo cache --max-size 1G",
        "bst-artifact repo recover --repo cache --json",
        "bst-artifact delete --remote CACHE --receiver DELETING hello/base/4f2a",
        "bst-artifact setup-server --dry-run --user bst-no-such-user --home /no/such/home --receiver /usr/bin/receiver "
            + "--sshd-config /no/such/file",
    ]

    private func stage() throws -> Stage { try Stage.withArtifacts(Self.pattern) }

    private static let pattern = DirectoryPattern { directory in
        let stage = try Stage.withArtifacts()
        try stage.receiver("--allow-delete", named: "deleting")
        try stage.directory.file("unread.py", unread)
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) hello/base/4f2a -q")
        try TestSupport.run(["cp", "-a", "\(stage.directory.path)/.", directory.path]).checked()
    }

    /// Runs a command line in a stage, in which CACHE and DELETING stand for paths.
    private func run(_ line: String, in stage: Stage) throws -> ProcessResult {
        let line = line.replacing("CACHE", with: stage.cache).replacing(
            "DELETING", with: stage.directory.path("deleting"))
        return try stage.run(["bash", "-c", line])
    }

    @Test(
        arguments: commands,
        [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")])
    func `Standard output that cannot be written is a failure of each command`(
        _ command: String, _ way: (redirection: String, reason: String)
    ) throws {
        let result = try run("\(command) \(way.redirection)", in: stage())
        #expect(result.status == .exited(1))
        #expect(
            result.errorText.contains("cannot write to standard output: \(way.reason)"), "\(result.errorText)"
        )
    }

    @Test(arguments: commands)
    func `Standard output whose reader went away ends a command as it ends git, without a word`(
        _ command: String
    ) throws {
        let result = try run("/usr/bin/python3 unread.py \(command)", in: stage())
        #expect(
            result.text == "-\(SIGPIPE)\n" && result.errorText.isEmpty, "\(result.text)\(result.errorText)")
    }

    /// Starts a program whose standard output has no reader, and prints its exit status.
    private static let unread = """
        import os, subprocess, sys
        reading, writing = os.pipe()
        os.close(reading)
        print(subprocess.run(sys.argv[1:], stdout=writing).returncode)
        """

    @Test func `Standard output that is full does not hide how else a command failed`() throws {
        let stage = try stage()
        let result = try run(
            "bst-artifact pull --repo mine --remote CACHE no/ref --json > /dev/full", in: stage)
        #expect(result.status == .exited(3))
        #expect(result.errorText.contains("there is no ref no/ref"))
        #expect(result.errorText.contains("cannot write to standard output"))
    }

    @Test func `Standard output that is full does not keep a push from the other caches`() throws {
        let stage = try stage()
        let second = stage.directory.path("second")
        try OSTreeCommand.initRepo(second, mode: .archive)
        try stage.directory.file(
            "config",
            "artifacts: [{url: \"\(stage.cache)\", push: true}, {url: \"\(second)\", push: true}]\n")
        let result = try run(
            "bst-artifact push --repo mine --config config world/app/11aa > /dev/full", in: stage)
        #expect(result.status == .exited(1))
        for cache in [stage.cache, second] {
            #expect(try OSTreeCommand.revParse(cache, "world/app/11aa") == stage.second)
        }
    }
}
