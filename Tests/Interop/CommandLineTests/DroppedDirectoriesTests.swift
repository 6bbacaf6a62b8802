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

    /// Directories that may be empty, in a repository with refs and in one without.
    private static let directories = [
        "refs/mirrors", "refs/remotes", "tmp/cache", "tmp", "state", "extensions", "refs/heads", "refs",
    ]

    /// The results of all commands, each on a new cache that lacks one of the directories.
    private static func results(without dropped: String?, hasRefs: Bool) throws -> [ProcessResult] {
        let stage = try Stage.withArtifacts()
        try stage.receiver("--allow-delete")
        for name in ["other", "source"] {
            try OSTreeCommand.initRepo(stage.directory.path(name), mode: .archive)
        }
        try stage.well("bst-artifact push --repo mine --remote \(stage.directory.path("source")) --all")
        if hasRefs { try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all") }
        try stage.well("bst-artifact repo summary --repo cache")
        try stage.well("mv cache whole")
        return try commands.map { command in
            for name in ["cache", "out", "other/refs/heads"] {
                try? FileManager.default.removeItem(atPath: stage.directory.path(name))
            }
            try stage.directory.makeDirectory("other/refs/heads")
            try stage.well("cp -a whole cache")
            if let dropped { try FileManager.default.removeItem(atPath: "\(stage.cache)/\(dropped)") }
            return try stage.run(
                "bst-artifact " + command.replacingOccurrences(of: "DIR", with: stage.directory.path))
        }
    }

    private static let undropped = [true, false].map { hasRefs in
        Result { try results(without: nil, hasRefs: hasRefs) }
    }

    @Test(arguments: directories, [true, false])
    func `Every command does what it does where they are`(_ dropped: String, _ hasRefs: Bool) throws {
        if dropped.hasPrefix("refs") && !dropped.contains("/m") && !dropped.contains("/r") && hasRefs {
            return
        }
        let before = try Self.undropped[hasRefs ? 0 : 1].get()
        let after = try Self.results(without: dropped, hasRefs: hasRefs)
        for (command, (before, after)) in zip(Self.commands, zip(before, after)) {
            if hasRefs {
                #expect(before.succeeded || command.contains("expire"), "\(command): \(before.errorText)")
            }
            #expect(
                before.status == after.status,
                "\(dropped): \(command): \(before.errorText) \(after.errorText)")
        }
    }
}
