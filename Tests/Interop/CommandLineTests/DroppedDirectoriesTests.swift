// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Git, and some programs that make backups, drop directories in which there is nothing.
@Suite struct DroppedDirectoriesTests {
    private static let commands = [
        "repo stats --repo cache", "repo fsck --repo cache", "repo fsck --repo cache --delete",
        "repo summary --repo cache", "repo pin --repo cache 'no/*'", "repo pin --repo cache",
        "repo log --repo cache", "repo recover --repo cache", "repo expire --repo cache --max-size 1",
        "show --repo cache world/app/11aa", "diff --repo cache hello/base/4f2a world/app/11aa",
        "commit --repo cache tree own/ref/1", "checkout --repo cache world/app/11aa out",
        "push --repo cache --remote DIR/other --all", "push --repo mine --remote DIR/cache --all",
        "pull --repo cache --remote DIR/source world/app/11aa", "list --remote DIR/cache",
        "check --remote DIR/cache", "delete --remote DIR/cache --receiver DIR/receiver world/app/11aa",
    ]

    /// What there may be nothing in, in a repository with refs, and in one without.
    private static let directories = [
        "refs/mirrors", "refs/remotes", "tmp/cache", "tmp", "state", "extensions", "refs/heads", "refs",
    ]

    @Test(arguments: directories, [true, false])
    func `Every command does what it does where they are`(_ dropped: String, _ hasRefs: Bool) throws {
        if dropped.hasPrefix("refs") && !dropped.contains("/m") && !dropped.contains("/r") && hasRefs {
            return
        }
        let shell = try Shell()
        try shell.receiver("--allow-delete")
        for name in ["other", "source"] {
            try OSTreeCommand.initRepo(shell.directory.path(name), mode: .archive)
        }
        try shell.well("bst-artifact push --repo mine --remote \(shell.directory.path("source")) --all")
        if hasRefs { try shell.well("bst-artifact push --repo mine --remote \(shell.cache) --all") }
        try shell.well("bst-artifact repo summary --repo cache")
        try shell.well("mv cache whole")
        for command in Self.commands {
            let line = "bst-artifact " + command.replacingOccurrences(of: "DIR", with: shell.directory.path)
            var results: [ProcessResult] = []
            for isDropped in [false, true] {
                try shell.well("rm -rf cache out other/refs/heads")
                try shell.well("cp -a whole cache")
                try shell.well("mkdir other/refs/heads")
                if isDropped { try FileManager.default.removeItem(atPath: "\(shell.cache)/\(dropped)") }
                results.append(try shell.run(line))
            }
            if hasRefs {
                #expect(
                    results[0].succeeded || command.contains("expire"), "\(command): \(results[0].errorText)")
            }
            #expect(
                results[0].status == results[1].status,
                "\(dropped): \(command): \(results[0].errorText) \(results[1].errorText)")
        }
    }
}
