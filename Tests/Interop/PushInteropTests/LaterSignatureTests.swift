// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Signatures, and other detached metadata, that a commit gets after it was pushed.
@Suite struct LaterSignatureTests {
    private let stage: Stage
    private let commit: String

    init() throws {
        stage = try Stage(.bareUser)
        commit = try stage.commit("a/b/c")
    }

    private func push(
        _ refs: [String] = ["a/b/c"], _ options: [String] = [], receiver: [String]? = nil
    ) throws -> ProcessResult {
        try stage.push(refs, receiver: receiver, options, environment: Stage.allCapabilities)
    }

    private func expectText(_ result: ProcessResult, _ words: String...) {
        expectSuccess(result)
        for word in words { #expect(result.text.contains(word), "\(result.text)") }
    }

    /// Signs with `ostree sign` and a kind of signature that needs no library: the key is the signature.
    private func sign(_ keys: String..., in repository: String? = nil) throws {
        try run(
            ["ostree", "--repo=\(repository ?? stage.mine)", "sign", "--sign-type=dummy", commit] + keys,
            environment: ["OSTREE_DUMMY_SIGN_ENABLED": "1"]
        ).checked()
    }

    private func signatures(_ repository: String? = nil) throws -> [String] {
        try DetachedMetadata.signatures(repository ?? stage.cache, commit, "ostree.sign.dummy")
    }

    private func hex(_ text: String) -> String { text.utf8.map { String($0, radix: 16) }.joined() }

    @Test func `A signature that ostree makes after the push arrives over ssh with the next one`() throws {
        let keys = try GPGHome()
        for user in ["builder@example.com", "release@example.com"] { try keys.makeKey(user) }
        let server = try SSHServer(
            forceCommand:
                "env -u BST_ARTIFACT_ABILITIES bst-artifact-receive --verbose --verify-gpg \(try keys.export()) \(stage.cache)",
            environmentPath: Programs.searchPath)
        func gpgSign(_ user: String) throws {
            try run(
                ["ostree", "--repo=\(stage.mine)", "gpg-sign", commit, user], environment: keys.environment
            ).checked()
        }
        func push(_ options: String...) throws -> ProcessResult {
            try stage.push(
                ["a/b/c"], to: "localhost:\(stage.cache)", over: server, options,
                environment: Stage.allCapabilities)
        }
        try gpgSign("builder@example.com")
        expectText(try push(), "a/b/c: new, at \(commit)")
        try gpgSign("release@example.com")
        expectText(try push("--dry-run"), "a/b/c: 1 signature would be added", "at most 1 object to")
        let result = try push()
        expectText(
            result, "a/b/c: there already, at \(commit)\na/b/c: 1 signature added\npushed 1 object, ")
        let shown = try run(
            ["ostree", "--repo=\(stage.cache)", "show", "a/b/c"], environment: keys.environment)
        #expect(shown.text.contains("Found 2 signatures"), "\(shown.text)")
        try stage.expectArrived(["a/b/c"], at: commit)
        let again = try push("--json")
        expectText(again, #""laterMetadata":null"#, #""objects":0"#)
    }

    @Test func `Signatures of both sides are united, and other values of the cache stay`() throws {
        expectSuccess(try push())
        try sign("server", in: stage.cache)
        try sign("first", "second")
        expectText(try push(), "a/b/c: 2 signatures added")
        #expect(try signatures() == ["server", "first", "second"].map(hex))
        try DetachedMetadata.set(stage.mine, commit, [("note", .text("mine")), ("more", .text("new"))])
        try sign("third")
        expectText(try push(), "a/b/c: 1 signature and 2 entries of detached metadata added")
        try DetachedMetadata.set(stage.mine, commit, [("note", .text("changed"))])
        #expect(try !push().checked().text.contains("added"))
        for (key, value) in [("note", "'mine'"), ("more", "'new'")] {
            let shown = try OSTreeCommand.lines(
                stage.cache, ["show", "--print-detached-metadata-key=\(key)", commit])
            #expect(shown == [value])
        }
        #expect(try signatures() == ["server", "first", "second", "third"].map(hex))
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    @Test func `A second name of a commit brings signatures too, and both names tell of them`() throws {
        expectSuccess(try push())
        try sign("later")
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=d/e/f", commit])
        let json = try push(["a/b/c", "d/e/f"], ["--json"])
        let told = #""laterMetadata":{"outcome":"added","signatures":1,"otherEntries":0}"#
        #expect(json.text.components(separatedBy: told).count == 3, "\(json.text)")
        #expect(try signatures() == [hex("later")])
        try stage.expectArrived(["a/b/c", "d/e/f"], at: commit)
    }

    @Test func `Old clients bring them with a second name`() throws {
        expectSuccess(try push())
        try sign("server", in: stage.cache)
        let archive = try Stage(.archive)
        try OSTreeCommand.lines(archive.mine, ["pull-local", stage.mine, "a/b/c"])
        try sign("later", in: archive.mine)
        try OSTreeCommand.lines(archive.mine, ["refs", "--create=d/e/f", commit])
        expectSuccess(
            try PythonPeer.push(["d/e/f"], from: archive.mine, to: [Programs.receiver(), stage.cache]))
        #expect(try signatures() == ["server", "later"].map(hex))
        try stage.expectArrived(["a/b/c", "d/e/f"], at: commit)
    }

    @Test func `They do not grow without bound`() throws {
        expectSuccess(try push())
        try sign("server", in: stage.cache)
        try DetachedMetadata.set(
            stage.mine, commit,
            [("ostree.sign.dummy", .signatures((0..<64).map { Array("forged \($0)".utf8) }))])
        try expectFailure(
            "commit \(commit) would have 65 signatures under 'ostree.sign.dummy', and at most 64 are kept",
            status: 1, unchanged: [stage.cache]
        ) { try push() }
        try DetachedMetadata.set(
            stage.mine, commit, [("junk", .text(String(repeating: "x", count: 1 << 20)))])
        try expectFailure(
            "and it may grow to 1048576", status: 1, unchanged: [stage.cache]
        ) { try push() }
        #expect(try signatures() == [hex("server")])
    }

    @Test func `A cache that takes no pushes takes none of them`() throws {
        expectSuccess(try push())
        #expect(try push(receiver: ["--read-only"]).succeeded)
        try sign("later")
        try expectFailure("takes no pushes at the moment", status: 1, unchanged: [stage.cache]) {
            try push(receiver: ["--read-only"])
        }
        try expectFailure("may not be pushed with this key", status: 1, unchanged: [stage.cache]) {
            try push(receiver: ["--deny-ref", "a/*"])
        }
    }

    // MARK: Receivers that do not tell what they have

    private func expectLacking(_ receiver: String, names: String...) throws {
        let options = ["--receiver", receiver]
        expectSuccess(try push(["a/b/c"], options))
        #expect(try push(["a/b/c"], options).succeeded)
        try sign("later")
        for (options, words) in [(["--dry-run"], "would not reach"), ([], "did not reach")] {
            try expectFailure(
                "1 signature of a/b/c \(words) \(stage.cache)", status: 1, unchanged: [stage.cache]
            ) { try push(["a/b/c"], ["--receiver", receiver] + options) }
        }
        let json = try push(["a/b/c"], options + ["--json"])
        #expect(json.status == .exited(2))
        #expect(json.text.contains(#""complete":false"#) && json.text.contains(#""outcome":"lacking""#))
        // Brought there by other means, it is no failure any more.
        try sign("later", in: stage.cache)
        #expect(try push(["a/b/c"], options).succeeded)
    }

    @Test(arguments: ["none", "long,want"])
    func `A receiver of before is looked after`(capabilities: String) throws {
        try expectLacking(
            try stage.program(
                "old", "BST_ARTIFACT_ABILITIES=\(capabilities) exec '\(Programs.receiver())' \"$@\""))
    }

    @Test func `So is one of BuildStream`() throws {
        try expectLacking(try PythonPeer.receiver())
    }

    @Test func `Over ssh it is looked up where the cache is pulled from, and otherwise said not to be known`()
        throws
    {
        let web = try FaultyWebServer(directory: stage.cache)
        func push(_ server: SSHServer) throws -> ProcessResult {
            try stage.push(
                ["a/b/c"], to: "localhost:\(stage.cache)", over: server, environment: Stage.allCapabilities)
        }
        func server(_ options: String) throws -> SSHServer {
            try SSHServer(
                forceCommand:
                    "env BST_ARTIFACT_ABILITIES=want bst-artifact-receive \(options) \(stage.cache)",
                environmentPath: Programs.searchPath)
        }
        let silent = try server("")
        try sign("early")
        expectSuccess(try push(silent))
        #expect(try signatures() == [hex("early")])
        try sign("later")
        expectText(
            try push(silent),
            "a/b/c: ssh://localhost\(stage.cache) does not tell whether it has the commit's 2 signatures")
        let telling = try server("--pull-url \(web.url)")
        let result = try push(telling)
        #expect(result.status == .exited(2))
        #expect(result.errorText.contains("1 signature of a/b/c did not reach"), "\(result.errorText)")
        try sign("later", in: stage.cache)
        #expect(try !push(telling).checked().text.contains("tell"))
    }
}
