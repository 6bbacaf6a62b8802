// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Names of files that would order a terminal about, or cannot be told from others.
@Suite struct DisplayedNameTests {
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

    @Test
    func
        `The path of a file that cannot be in an artifact is displayed whole, without what a terminal obeys`()
        throws
    {
        let stage = try Stage.withArtifacts()
        let directory = stage.directory.path("tree/bin/a\u{1b}[31m\nb")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        mkfifo("\(directory)/pipe\u{1b}]0;x\u{7}", 0o600)
        expectMessage(
            try stage.run("bst-artifact commit --repo mine tree new/ref"),
            "tree/bin/a^[[31m^Jb/pipe^[]0;x^G is a named pipe")
        try FileManager.default.removeItem(atPath: directory)

        try stage.run(["bash", "-c", "> $'tree/bin/bad\\xff'"]).checked()
        expectMessage(
            try stage.run("bst-artifact commit --repo mine tree new/ref"),
            "the name of tree/bin/bad<FF> is not UTF-8")
    }

    @Test(arguments: [
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
    func `A displayed name of a repository, a file or a remote is escaped in each command`(_ words: [String])
        throws
    {
        let stage = try Stage.withArtifacts()
        expectMessage(try stage.artifact(words), "^[")
    }

    @Test func `A displayed name is in the message where a file was opened and cannot be read`() throws {
        let stage = try Stage.withArtifacts()
        let directory = try stage.directory.makeDirectory("a\u{1b}b")
        expectMessage(
            try stage.run(
                "bst-artifact setup-server --dry-run --user bst-no-such-user --home /no/such/home "
                    + "--receiver /usr/bin/receiver --sshd-config /no/such/file --key \(directory)"),
            "cannot read \(stage.directory.path("a^[b")): Is a directory")
    }
}
