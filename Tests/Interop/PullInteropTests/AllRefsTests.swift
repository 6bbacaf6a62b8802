// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pulls of all refs of a cache, which make a mirror of it.
@Suite struct AllRefsTests {
    private static let refs = ["app/one", "app/two", "appstream/x86_64", "os/1"]

    private func stage(collection: String? = nil) throws -> Stage {
        let stage = try Stage(.archive)
        if let collection {
            try OSTreeCommand.lines(stage.cache, ["config", "set", "core.collection-id", collection])
        }
        for ref in Self.refs { try commit(ref, ref, stage) }
        try summarize(stage)
        return stage
    }

    @discardableResult
    private func commit(_ ref: String, _ text: String, _ stage: Stage) throws -> String {
        let tree = "tree-\(UUID().uuidString)"
        try stage.directory.file("\(tree)/file", text)
        return try OSTreeCommand.commit(
            stage.cache, tree: stage.directory.path(tree), refs: [ref], options: ["--fsync=false"])
    }

    private func summarize(_ stage: Stage) throws {
        try OSTreeCommand.lines(stage.cache, ["summary", "--update"])
    }

    private func remove(_ refs: String..., from stage: Stage) throws {
        try OSTreeCommand.lines(stage.cache, ["refs", "--delete"] + refs)
        try summarize(stage)
    }

    private func files(_ repository: String) throws -> [String] {
        try run(["find", "refs", "-type", "f"], directory: repository).checked().lines.sorted()
    }

    private func listed(_ repository: String) throws -> [String] {
        try OSTreeCommand.lines(repository, ["summary", "--view"]).filter { $0.hasPrefix("* ") }
            .map { String($0.dropFirst(2)) }.sorted()
    }

    @Test func `All refs come, ostree pulls them from the mirror, and a second time nothing changes`() throws
    {
        let stage = try stage()
        let server = try WebServer(directory: stage.cache)
        try stage.pullWell([], from: server.plainURL, ["--all", "--prune-refs"])
        #expect(try OSTreeCommand.refs(stage.mine) == Self.refs)
        #expect(try listed(stage.mine) == Self.refs)
        let before = try TreeSnapshot(stage.mine, excluding: ["tmp"])
        let again = try stage.pullWell([], from: server.plainURL, ["--all", "--prune-refs"])
        #expect(again.lines.filter { $0.contains("there already") }.count == Self.refs.count)
        #expect(try TreeSnapshot(stage.mine, excluding: ["tmp"]).differences(from: before) == [])

        let mirror = try WebServer(directory: stage.mine)
        let client = try stage.another()
        try OSTreeCommand.addRemote(client.mine, "origin", url: mirror.plainURL)
        try OSTreeCommand.pull(client.mine, remote: "origin", refs: ["os/1", "app/two"])
    }

    @Test
    func `Refs of a collection, and of others that it mirrors, come to where ostree pull --mirror has them`()
        throws
    {
        let stage = try stage(collection: "org.example.OS")
        let other = try self.stage(collection: "org.example.Apps")
        try OSTreeCommand.addRemote(stage.cache, "apps", url: "file://\(other.cache)")
        try OSTreeCommand.lines(stage.cache, ["pull", "--mirror", "apps"])
        try summarize(stage)
        let reference = try stage.another(.archive)
        let server = try WebServer(directory: stage.cache)
        for repository in [stage.mine, reference.mine] {
            try OSTreeCommand.addRemote(repository, "origin", url: server.plainURL)
        }
        try stage.pullWell([], from: "origin", ["--all", "--into", "mirror"])
        try OSTreeCommand.lines(reference.mine, ["pull", "--mirror", "origin"])
        #expect(try files(stage.mine) == files(reference.mine))
        let collections = try OSTreeCommand.lines(stage.mine, ["refs", "--collections"])
        #expect(
            collections.contains("(org.example.Apps, os/1)") && collections.contains("(org.example.OS, os/1)")
        )
    }

    @Test(arguments: ["heads", "remote", "mirror"])
    func `A ref that was removed there is removed here, and what is not of the mirror stays`(place: String)
        throws
    {
        let stage = try stage(collection: place == "mirror" ? "org.example.OS" : nil)
        try OSTreeCommand.addRemote(stage.mine, "origin", url: "file://\(stage.cache)")
        try OSTreeCommand.commit(stage.mine, tree: stage.directory.path("home"), refs: ["mine/own"])
        func pull(_ options: String...) throws -> ProcessResult {
            try stage.pullWell(
                [], from: "origin", ["--all", "--into", place, "--exclude", "ostree-metadata"] + options)
        }
        _ = try pull()
        let name = ["heads": "app/one", "remote": "origin:app/one", "mirror": "(org.example.OS, app/one)"][
            place]
        try remove("app/one", from: stage)
        _ = try pull()
        let all = try files(stage.mine)
        #expect(all.count == 5)
        let plan = try pull("--prune-refs", "--dry-run")
        #expect(
            plan.lines.contains { $0.hasPrefix("\(name ?? ""): would be removed, was at ") }, "\(plan.text)")
        #expect(try files(stage.mine) == all)
        #expect(try pull("--prune-refs").lines.contains { $0.hasPrefix("\(name ?? ""): removed, was at ") })
        let left = try files(stage.mine)
        #expect(left == all.filter { !$0.hasSuffix("/app/one") })
        #expect(left.contains("refs/heads/mine/own"))
        #expect(
            try !OSTreeCommand.lines(stage.mine, ["summary", "--view"]).contains { $0.hasSuffix("app/one") })
    }

    @Test func `Patterns bound what is pulled and what is removed`() throws {
        let stage = try stage()
        let options = ["--prune-refs", "--exclude", "app/two"]
        try stage.pullWell(["app/*", "os/*"], from: stage.cache, options)
        #expect(try OSTreeCommand.refs(stage.mine) == ["app/one", "os/1"])
        try remove("app/one", "os/1", from: stage)
        try commit("app/three", "three", stage)
        try summarize(stage)
        try stage.pullWell(["app/*"], from: stage.cache, options)
        #expect(try OSTreeCommand.refs(stage.mine) == ["app/three", "os/1"])
    }

    @Test func `A ref that the summary lacks and the cache still has stays`() throws {
        let stage = try stage()
        try stage.pullWell([], from: stage.cache, ["--all"])
        try OSTreeCommand.lines(stage.cache, ["refs", "--delete", "os/1"])
        try summarize(stage)
        try run(["cp", "-a", "\(stage.mine)/refs/heads/os", "\(stage.cache)/refs/heads/"]).checked()
        try stage.pullWell([], from: stage.cache, ["--all", "--prune-refs"])
        #expect(try OSTreeCommand.refs(stage.mine) == Self.refs)
    }

    @Test func `A cache that has lost all its refs takes none from its mirror`() throws {
        let stage = try stage()
        try stage.pullWell([], from: stage.cache, ["--all"])
        try OSTreeCommand.lines(stage.cache, ["refs", "--delete"] + Self.refs)
        try summarize(stage)
        try expectFailure(
            "nothing is removed", "has none of the 4 refs that mirror it here any more",
            unchanged: [stage.mine]
        ) { try stage.pull([], from: stage.cache, ["--all", "--prune-refs"]) }
        try expectFailure("there is no ref in the summary", unchanged: [stage.mine]) {
            try stage.pull([], from: stage.cache, ["--all"])
        }
    }

    @Test func `A pinned ref stays, with a warning`() throws {
        let stage = try stage()
        try stage.pullWell([], from: stage.cache, ["--all"])
        try stage.well("bst-artifact repo pin --repo mine app/*")
        try remove("app/one", "os/1", from: stage)
        let result = try stage.pullWell([], from: stage.cache, ["--all", "--prune-refs"])
        #expect(result.errorText.contains("app/one stays"))
        #expect(try OSTreeCommand.refs(stage.mine) == Self.refs.filter { $0 != "os/1" })
    }

    @Test func `The commits are those of the summary, and a signed summary of the mirror is not passed off`()
        throws
    {
        let stage = try stage()
        let listed = try OSTreeCommand.revParse(stage.cache, "os/1")
        try commit("os/1", "later", stage)
        try stage.pullWell([], from: stage.cache, ["--all"])
        #expect(try OSTreeCommand.revParse(stage.mine, "os/1") == listed)
        try stage.directory.file("mine/summary.sig", "")
        try summarize(stage)
        let result = try stage.pull([], from: stage.cache, ["--all"])
        #expect(result.status == .exited(2))
        #expect(result.errorText.contains("still shows what was there before"))
    }

    @Test func `More than one cache cannot be followed at a time, nor a chosen commit`() throws {
        let stage = try stage()
        try stage.configure("artifacts:\n- url: \(stage.cache)\n- url: \(stage.mine)\n")
        for options in [["--all"], ["os/1", "--prune-refs"]] {
            try expectFailure("follow one cache", status: 64, unchanged: [stage.mine]) {
                try stage.pull([], from: nil, options)
            }
        }
        let commit = String(repeating: "a", count: 64)
        for word in [commit, "os/1@\(commit)"] {
            try expectFailure("--prune-refs follows the cache", status: 64, unchanged: [stage.mine]) {
                try stage.pull([word], from: stage.cache, ["--prune-refs"])
            }
        }
    }
}
