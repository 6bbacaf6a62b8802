// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Names of files that would order a terminal about, or cannot be told from others.
@Suite("A displayed name") struct DisplayedNameTests {
    /// Expects a message that has words in it, and nothing that a terminal would obey.
    private func expectMessage(_ result: ProcessResult, _ words: String...) {
        #expect(result.failed)
        for word in words { #expect(result.errorText.contains(word), "\(result.errorText.debugDescription)") }
        let text = result.errorText
        #expect(
            text.split(separator: "\n").count == 1
                && text.dropLast().unicodeScalars.allSatisfy { $0.value >= 32 },
            "\(text.debugDescription)")
    }

    @Test(
        "is a whole path, without what a terminal would obey, where commit finds a file that cannot be in an artifact"
    )
    func committed() throws {
        let shell = try Shell()
        let folder = shell.directory.path("tree/bin/a\u{1b}[31m\nb")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        mkfifo("\(folder)/pipe\u{1b}]0;x\u{7}", 0o600)
        expectMessage(
            try shell.run("bst-artifact commit --repo mine tree new/ref"),
            "tree/bin/a^[[31m^Jb/pipe^[]0;x^G is a named pipe")
        try FileManager.default.removeItem(atPath: folder)

        try TestSupport.run(["bash", "-c", "> $'tree/bin/bad\\xff'"], directory: shell.directory.path)
            .checked()
        expectMessage(
            try shell.run("bst-artifact commit --repo mine tree new/ref"),
            "the name of tree/bin/bad<FF> is not UTF-8")
    }

    @Test(
        "of a repository, a file or a remote is escaped in each command",
        arguments: [
            ["show", "--repo", "no\u{1b}[31m\nwhere", "a"],
            ["commit", "--repo", "mine", "no\u{1b}\nwhere", "a"],
            ["push", "--repo", "mine", "--remote", "/no\u{1b}[31m\nwhere", "hello/base/4f2a"],
            ["push", "--repo", "mine", "--remote", "/x", "no\u{1b}[31m\nwhere"],
            ["pull", "--repo", "mine", "--remote", "/x\u{1b}\n", "hello/base/4f2a"],
            ["list", "--config", "no\u{1b}\nwhere"],
            ["list", "--remote", "https://localhost:1/", "--token-file", "no\u{1b}\nwhere"],
            ["checkout", "--repo", "mine", "hello/base/4f2a", "no\u{1b}\nwhere/x"],
            ["repo", "stats", "--repo", "no\u{1b}\nwhere"],
            ["repo", "unpin", "--repo", "mine", "no\u{1b}\nwhere"],
            ["repo", "pin", "--repo", "mine", "no\u{1b}\nwhere"],
        ])
    func named(_ words: [String]) throws {
        let shell = try Shell()
        let result = try TestSupport.run(
            [Programs.artifact()] + words, environment: shell.environment, directory: shell.directory.path)
        expectMessage(result, "^[")
    }

    @Test("is in the message where a file was opened and cannot be read")
    func unreadable() throws {
        let shell = try Shell()
        let directory = try shell.directory.folder("a\u{1b}b")
        expectMessage(
            try shell.run(
                "bst-artifact setup-server --dry-run --user bst-no-such-user --home /no/such/home "
                    + "--receiver /usr/bin/receiver --sshd-config /no/such/file --key \(directory)"),
            "cannot read \(shell.directory.path("a^[b")): Is a directory")
    }
}
