// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct AliasTests {
    /// A cache with `hello/base/4f2a` and an alias of it.
    private func shellWithAlias() throws -> Shell {
        let shell = try Shell()
        try shell.well("bst-artifact push --repo mine --remote \(shell.cache) --all")
        try shell.well("ostree refs --repo=cache --alias --create=stable/hello hello/base/4f2a")
        return shell
    }

    @Test func `A ref stays as long as another is an alias of it, and that one is named`() throws {
        let shell = try shellWithAlias()
        let delete =
            "bst-artifact delete --remote \(shell.cache) --receiver \(try shell.receiver("--allow-delete"))"
        let refused = try shell.run("\(delete) hello/base/4f2a")
        #expect(refused.failed)
        #expect(
            refused.errorText.contains(
                "ref hello/base/4f2a is not deleted, since stable/hello is an alias of it"),
            "\(refused.errorText)")
        #expect(try OSTreeCommand.refs(shell.cache).count == 4)

        try shell.well("\(delete) stable/hello")
        #expect(try OSTreeCommand.refs(shell.cache).contains("hello/base/4f2a"))
        // Both together, in the wrong order, and an alias of an alias.
        try shell.well("ostree refs --repo=cache --alias --create=stable/hello hello/base/4f2a")
        try shell.well("ostree refs --repo=cache --alias --create=newest stable/hello")
        #expect(
            try shell.run("\(delete) hello/base/4f2a stable/hello").errorText.contains(
                "newest is an alias of it"))
        try shell.well("\(delete) hello/base/4f2a stable/hello newest")
        #expect(try OSTreeCommand.refs(shell.cache) == ["hello/base/97c1", "world/app/11aa"])
        try OSTreeCommand.fsck(shell.cache)
    }

    @Test func `A push to an alias is refused and names its target, unless there is nothing to do`() throws {
        let shell = try shellWithAlias()
        let push = "bst-artifact push --repo mine --remote \(shell.cache) stable/hello"
        try shell.well("ostree refs --repo=mine --create=stable/hello hello/base/4f2a")
        #expect(try shell.well(push).text.contains("stable/hello: there already"))
        // A new commit on top of the one that both have.
        try shell.well("ostree commit --repo=mine --branch=stable/hello --parent=\(shell.first) tree")
        let refused = try shell.run(push)
        #expect(refused.failed)
        #expect(
            refused.errorText.contains(
                "ref stable/hello is not moved, since it is an alias of hello/base/4f2a: push to hello/base/4f2a"
            ),
            "\(refused.errorText)")
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: "\(shell.cache)/refs/heads/stable/hello")
        #expect(link == "../hello/base/4f2a")
    }

    @Test(arguments: [
        "repo stats --repo cache", "repo expire --repo cache --max-size 1T",
        "push --repo cache --remote \(NSTemporaryDirectory()) --all --dry-run", "repo summary --repo cache",
        "repo fsck --repo cache",
    ])
    func `An alias that leads nowhere is named, and what to do about it`(_ command: String) throws {
        let shell = try shellWithAlias()
        try FileManager.default.removeItem(atPath: "\(shell.cache)/refs/heads/hello/base/4f2a")
        #expect(try shell.run("ostree refs --repo=cache").failed)
        let result = try shell.run("bst-artifact \(command)")
        #expect(result.errorText.contains("stable/hello"), "\(result.errorText)")
    }

    @Test func `A cache with an alias that leads nowhere is still pushed to and listed`() throws {
        let shell = try shellWithAlias()
        try FileManager.default.removeItem(atPath: "\(shell.cache)/refs/heads/hello/base/4f2a")
        // This brings the alias' target, and with it the alias, back.
        try shell.well("bst-artifact push --repo mine --remote \(shell.cache) --all")
        #expect(try OSTreeCommand.refs(shell.cache).count == 4)
        #expect(try shell.well("bst-artifact list --remote \(shell.cache)").lines.count == 4)
    }

    @Test func `What libostree cannot do because of an alias is explained`() throws {
        let shell = try shellWithAlias()
        // Summaries with collections are written by libostree.
        try shell.well("ostree config --repo=cache set core.collection-id org.example.Cache")
        try FileManager.default.removeItem(atPath: "\(shell.cache)/refs/heads/hello/base/4f2a")
        let result = try shell.run("bst-artifact repo summary --repo cache")
        #expect(
            result.errorText.contains("remove the link cache/refs/heads/stable/hello"), "\(result.errorText)")
    }
}
