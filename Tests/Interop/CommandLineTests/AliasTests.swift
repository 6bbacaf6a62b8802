// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct AliasTests {
    /// A cache with `hello/base/4f2a` and an alias of it.
    private func stageWithAlias() throws -> Stage {
        let stage = try Stage.withArtifacts()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        try stage.well("ostree refs --repo=cache --alias --create=stable/hello hello/base/4f2a")
        return stage
    }

    @Test func `A ref stays as long as another is an alias of it, and that one is named`() throws {
        let stage = try stageWithAlias()
        let delete =
            "bst-artifact delete --remote \(stage.cache) --receiver \(try stage.receiver("--allow-delete"))"
        let refused = try stage.run("\(delete) hello/base/4f2a")
        #expect(refused.failed)
        #expect(
            refused.errorText.contains(
                "ref hello/base/4f2a is not deleted, since stable/hello is an alias of it"),
            "\(refused.errorText)")
        #expect(try OSTreeCommand.refs(stage.cache).count == 4)

        try stage.well("\(delete) stable/hello")
        #expect(try OSTreeCommand.refs(stage.cache).contains("hello/base/4f2a"))
        // Both together, in the wrong order, and an alias of an alias.
        try stage.well("ostree refs --repo=cache --alias --create=stable/hello hello/base/4f2a")
        try stage.well("ostree refs --repo=cache --alias --create=newest stable/hello")
        #expect(
            try stage.run("\(delete) hello/base/4f2a stable/hello").errorText.contains(
                "newest is an alias of it"))
        try stage.well("\(delete) hello/base/4f2a stable/hello newest")
        #expect(try OSTreeCommand.refs(stage.cache) == ["hello/base/97c1", "world/app/11aa"])
        try OSTreeCommand.fsck(stage.cache)
    }

    @Test func `A push to an alias is refused and names its target, unless there is nothing to do`() throws {
        let stage = try stageWithAlias()
        let push = "bst-artifact push --repo mine --remote \(stage.cache) stable/hello"
        try stage.well("ostree refs --repo=mine --create=stable/hello hello/base/4f2a")
        #expect(try stage.well(push).text.contains("stable/hello: there already"))
        // A new commit on top of the one that both have.
        try stage.well("ostree commit --repo=mine --branch=stable/hello --parent=\(stage.first) tree")
        let refused = try stage.run(push)
        #expect(refused.failed)
        #expect(
            refused.errorText.contains(
                "ref stable/hello is not moved, since it is an alias of hello/base/4f2a: push to hello/base/4f2a"
            ),
            "\(refused.errorText)")
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: "\(stage.cache)/refs/heads/stable/hello")
        #expect(link == "../hello/base/4f2a")
    }

    @Test(arguments: [
        "repo stats --repo cache", "repo expire --repo cache --max-size 1T",
        "push --repo cache --remote \(NSTemporaryDirectory()) --all --dry-run", "repo summary --repo cache",
        "repo fsck --repo cache",
    ])
    func `An alias that leads nowhere is named, and what to do about it`(_ command: String) throws {
        let stage = try stageWithAlias()
        try FileManager.default.removeItem(atPath: "\(stage.cache)/refs/heads/hello/base/4f2a")
        #expect(try stage.run("ostree refs --repo=cache").failed)
        let result = try stage.run("bst-artifact \(command)")
        #expect(result.errorText.contains("stable/hello"), "\(result.errorText)")
    }

    @Test func `A cache with an alias that leads nowhere is still pushed to and listed`() throws {
        let stage = try stageWithAlias()
        try FileManager.default.removeItem(atPath: "\(stage.cache)/refs/heads/hello/base/4f2a")
        // This brings the alias' target, and with it the alias, back.
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) --all")
        #expect(try OSTreeCommand.refs(stage.cache).count == 4)
        #expect(try stage.well("bst-artifact list --remote \(stage.cache)").lines.count == 4)
    }

    @Test func `What libostree cannot do because of an alias is explained`() throws {
        let stage = try stageWithAlias()
        // Summaries with collections are written by libostree.
        try stage.well("ostree config --repo=cache set core.collection-id org.example.Cache")
        try FileManager.default.removeItem(atPath: "\(stage.cache)/refs/heads/hello/base/4f2a")
        let result = try stage.run("bst-artifact repo summary --repo cache")
        #expect(
            result.errorText.contains("remove the link cache/refs/heads/stable/hello"), "\(result.errorText)")
    }
}
