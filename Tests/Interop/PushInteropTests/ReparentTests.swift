// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Caches that put pushed commits on top of what they have, and sign them.
@Suite struct ReparentTests {
    private let stage: Stage

    init() throws { stage = try Stage() }

    private func push(_ refs: [String], _ options: String...) throws -> ProcessResult {
        try stage.push(refs, receiver: options, environment: Stage.allCapabilities)
    }

    private func parent(_ ref: String) throws -> String? {
        try OSTreeCommand.attempt(stage.cache, ["rev-parse", "\(ref)^"]).checked().text
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func content(_ ref: String, in repository: String) throws -> String {
        try OSTreeCommand.attempt(repository, ["ls", "-R", "-C", ref]).checked().text
    }

    @Test func `An unrelated commit becomes a child of the cache's, and a descendant stays what it is`()
        throws
    {
        let first = try stage.commit("os/one", text: "1", following: "0")
        expectSuccess(try push(["os/one"], "--reparent"))
        try stage.expectArrived(["os/one"], at: first)
        try stage.commit("os/one", text: "2", following: "other")
        let result = try push(["os/one"], "--reparent")
        expectSuccess(result)
        let tip = try #require(try Reader.refs(stage.cache)["os/one"])
        #expect(result.text.contains("os/one: from \(first) to \(tip)"), "\(result.text)")
        #expect(try parent("os/one") == first)
        #expect(try content("os/one", in: stage.cache) == content("os/one", in: stage.mine))
        let again = try push(["os/one"], "--reparent")
        expectSuccess(again)
        #expect(again.text.contains("os/one: there already, at \(tip)"), "\(again.text)")
        // Whoever builds on the cache's commit moves forward.
        try OSTreeCommand.lines(stage.mine, ["pull-local", stage.cache, tip])
        let next = try stage.commit("os/one", text: "3", parent: tip)
        expectSuccess(try push(["os/one"], "--reparent"))
        try stage.expectArrived(["os/one"], at: next)
    }

    @Test func `Without the option it stays diverged`() throws {
        let first = try stage.commit("os/one", text: "1", following: "0")
        expectSuccess(try push(["os/one"]))
        try stage.commit("os/one", text: "2", following: "other")
        let result = try push(["os/one"])
        #expect(result.failed && result.errorText.contains("is not an ancestor"), "\(result.errorText)")
        try stage.expectArrived(["os/one"], at: first)
    }

    @Test func `Bindings are those of the ref and of the cache's collection`() throws {
        try OSTreeCommand.lines(stage.cache, ["config", "set", "core.collection-id", "org.example.Cache"])
        try stage.commit("os/one", text: "1", following: "0")
        expectSuccess(try push(["os/one"], "--reparent"))
        try stage.commit(
            "os/one", text: "2", following: "other", options: ["--add-metadata-string=version=7"])
        expectSuccess(try push(["os/one"], "--reparent"))
        func metadata(_ key: String) throws -> String {
            try OSTreeCommand.attempt(stage.cache, ["show", "--print-metadata-key=\(key)", "os/one"])
                .checked()
                .text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        #expect(try metadata("ostree.ref-binding") == "['os/one']")
        #expect(try metadata("ostree.collection-binding") == "'org.example.Cache'")
        #expect(try metadata("version") == "'7'")
    }

    @Test func `New commits and their new ancestors are signed, beside their makers' signatures`() throws {
        let (ours, theirs) = (try GPGHome(), try GPGHome())
        try ours.makeKey("cache@example.com")
        try theirs.makeKey("builder@example.com")
        try stage.commit("os/one", text: "1")
        try stage.commit("os/one", text: "2", parent: Reader.refs(stage.mine)["os/one"])
        try run(
            ["ostree", "--repo=\(stage.mine)", "gpg-sign", "os/one", "builder@example.com"],
            environment: theirs.environment
        ).checked()
        expectSuccess(
            try push(["os/one"], "--sign-gpg", "cache@example.com", "--sign-gpg-homedir", ours.path))
        let reader = try stage.another()
        for keyring in [try ours.export(), try theirs.export()] {
            expectSuccess(
                try reader.pull(["os/one"], from: stage.cache, ["--verify-gpg", keyring]))
        }
        try OSTreeCommand.lines(stage.cache, ["refs", "--create=before", "os/one^"])
        expectSuccess(
            try reader.pull(["before"], from: stage.cache, ["--verify-gpg", ours.export()]))
    }

    @Test func `A key that cannot sign fails the push, and nothing changes`() throws {
        try stage.commit("os/one")
        let file = try stage.directory.file("key", "no key")
        try expectFailure("cannot sign commit", "holds no Ed25519 key", status: 1, unchanged: [stage.cache]) {
            try push(["os/one"], "--sign-ed25519", file)
        }
    }
}
