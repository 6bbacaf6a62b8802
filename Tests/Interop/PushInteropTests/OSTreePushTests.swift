// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The client of ostree-push 1.x, which serves its repository through ssh and has the receiver pull.
@Suite struct OSTreePushTests {
    private let stage: Stage

    init() throws { stage = try Stage() }

    /// A server that has our receiver under a name of ostree-push's, with options for it.
    private func server(_ name: String, _ options: String = "") throws -> SSHServer {
        let bin = try stage.directory.makeDirectory("bin")
        let receiver = try stage.directory.file(
            "bin/\(name)", "#!/bin/bash\nexec -a \(name) '\(try Programs.receiver())' \(options) \"$@\"\n")
        chmod(receiver, 0o755)
        return try SSHServer(environmentPath: "\(bin):/usr/bin:/bin")
    }

    /// Pushes with the original client.
    private func push(
        _ refs: [String] = [], from source: String? = nil, over server: SSHServer, to path: String? = nil,
        _ options: [String] = []
    ) throws -> ProcessResult {
        let ssh = [
            "IdentityFile=\(server.identityPath)", "UserKnownHostsFile=\(server.knownHostsPath)",
            "User=\(server.userName)", "IdentitiesOnly=yes", "BatchMode=yes",
        ]
        return try run(
            [Programs.peer("ostree-push"), "--repo", source ?? stage.mine, "-p", "\(server.port)"]
                + ssh.flatMap { ["-o", $0] } + options + ["127.0.0.1:\(path ?? stage.cache)"] + refs)
    }

    /// A commit's fields, as ostree prints them.
    private func shown(_ ref: String, in repository: String) throws -> String {
        try OSTreeCommand.attempt(repository, ["show", ref]).checked().text
    }

    private func metadata(_ key: String, of ref: String) throws -> String {
        try OSTreeCommand.attempt(stage.cache, ["show", "--print-metadata-key=\(key)", ref]).checked().text
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func content(_ ref: String, in repository: String) throws -> String {
        try OSTreeCommand.attempt(repository, ["ls", "-R", "-C", ref]).checked().text
    }

    @Test(arguments: ["ostree-receive", "ostree-receive-1"])
    func `A new ref arrives with its content and time, and moves forward on what is there`(name: String)
        throws
    {
        let server = try server(name)
        let first = try stage.commit("os/one", text: "1", options: ["--timestamp=@1000"])
        try stage.commit("os/two", text: "2", options: ["--timestamp=@1000"])
        expectSuccess(try push(over: server))
        #expect(try content("os/one", in: stage.cache) == content("os/one", in: stage.mine))
        #expect(try Reader.refs(stage.cache).keys.sorted() == ["os/one", "os/two"])
        #expect(try metadata("xa.from_commit", of: "os/one") == "'\(first)'")
        #expect(try metadata("ostree.ref-binding", of: "os/one") == "['os/one']")
        let tip = try #require(try Reader.refs(stage.cache)["os/one"])
        // The next build starts from an empty repository.
        try stage.commit("os/one", text: "3", options: ["--timestamp=@2000"])
        let result = try push(["os/one"], over: server)
        expectSuccess(result)
        #expect(try content("os/one", in: stage.cache) == content("os/one", in: stage.mine))
        #expect(try shown("os/one", in: stage.cache).contains("Parent:  \(tip)"))
        #expect(try shown("os/one", in: stage.cache).contains("1970-01-01 00:33:20 +0000"))
        #expect(throws: Never.self) { try OSTreeCommand.fsck(stage.cache) }
        #expect(try Reader.leftovers(stage.cache).isEmpty)
        #expect(FileManager.default.fileExists(atPath: "\(stage.cache)/summary"))
    }

    @Test func `A commit that is not newer, or has the same content, stays away unless it is forced`() throws
    {
        let server = try server("ostree-receive-1")
        try stage.commit("os/one", text: "1", options: ["--timestamp=@2000"])
        expectSuccess(try push(over: server))
        let before = try Reader.snapshot(stage.cache)
        try stage.commit("os/one", text: "2", options: ["--timestamp=@1000"])
        let older = try push(over: server)
        expectSuccess(older)
        #expect(older.errorText.contains("is not newer"), "\(older.errorText)")
        try stage.commit("os/one", text: "1", options: ["--timestamp=@3000"])
        let same = try push(over: server)
        expectSuccess(same)
        #expect(same.errorText.contains("has the same content"), "\(same.errorText)")
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
        expectSuccess(try push(over: server, ["--command", "ostree-receive-1 -f"]))
        #expect(try shown("os/one", in: stage.cache).contains("1970-01-01 00:50:00 +0000"))
    }

    @Test func `A dry run changes nothing`() throws {
        let server = try server("ostree-receive-1")
        try stage.commit("os/one")
        let before = try Reader.snapshot(stage.cache)
        let result = try push(over: server, ["-n"])
        expectSuccess(result)
        #expect(result.errorText.contains("os/one would be taken"), "\(result.errorText)")
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
    }

    @Test func `A client that names a repository below the root reaches it through a forced command`() throws
    {
        let server = try SSHServer(
            forceCommand: "bst-artifact-receive --root '\(stage.directory.path(""))'",
            environmentPath: Programs.searchPath)
        try stage.commit("os/one")
        expectSuccess(try push(["os/one"], over: server, to: "cache"))
        #expect(try content("os/one", in: stage.cache) == content("os/one", in: stage.mine))
        try expectFailure("no repository", status: 1, unchanged: [stage.cache]) {
            try push(["os/one"], over: server, to: "../elsewhere")
        }
    }

    @Test func `flatpak installs and searches what was pushed into an empty repository`() throws {
        let flatpaks = try FlatpakStage()
        let one = FlatpakStage.one
        try flatpaks.build(one, version: 1)
        try flatpaks.updateByHand(flatpaks.base.mine)
        let server = try server("ostree-receive-1")
        expectSuccess(try push(from: flatpaks.base.mine, over: server, to: flatpaks.cache))
        #expect(eventually { !CacheSummary.isRequested(flatpaks.cache) })
        #expect(flatpaks.has("summary.idx"))
        try flatpaks.addRemote("file://\(flatpaks.cache)")
        try flatpaks.install(one)
        #expect(try flatpaks.installed(one) == "1\n")
        #expect(try flatpaks.found() == [one])
        try flatpaks.build(one, version: 2, permissions: "ipc;")
        expectSuccess(try push(from: flatpaks.base.mine, over: server, to: flatpaks.cache))
        #expect(eventually { !CacheSummary.isRequested(flatpaks.cache) })
        _ = try flatpaks.update()
        #expect(try flatpaks.installed(one) == "2\n")
    }

    @Test func `flatpak and ostree's own refs stay away unless they are named`() throws {
        let server = try server("ostree-receive-1")
        try stage.commit("app/org.example/x86_64/stable", text: "app")
        for ref in ["appstream/x86_64", "appstream2/x86_64", "ostree-metadata"] {
            try stage.commit(ref, text: ref)
        }
        expectSuccess(try push(over: server, ["--command", "ostree-receive-1 --no-update"]))
        #expect(try Reader.refs(stage.cache).keys.sorted() == ["app/org.example/x86_64/stable"])
    }

    @Test(arguments: [
        ("--deny-ref 'os/*'", "may not be pushed"), ("--max-push-size 4K", "larger than this cache takes"),
        ("--max-object-size 4K", "of at most 4096"), ("--max-size 64K", "can never fit"),
        ("--read-only", "takes no pushes"), ("--pre-receive /bin/false", "pre-receive"),
    ])
    func `The owner's policies hold`(options: String, words: String) throws {
        let server = try server("ostree-receive-1", options)
        try stage.commit(["os/one"], SampleTree.noise(count: 100_000, seed: 3))
        try expectFailure(words, status: 1, unchanged: [stage.cache]) { try push(over: server) }
    }

    @Test func `The server signs, and commits must be signed by their makers where it is told to look`()
        throws
    {
        let home = try GPGHome()
        try home.makeKey("cache@example.com")
        let server = try server(
            "ostree-receive-1", "--sign-gpg cache@example.com --sign-gpg-homedir '\(home.path)'")
        try stage.commit("os/one")
        expectSuccess(try push(over: server))
        let reader = try stage.another()
        expectSuccess(
            try reader.pull(["os/one"], from: stage.cache, ["--verify-gpg", home.export()]))
        // The client's own commits are not signed.
        let strict = try self.server("ostree-receive", "--verify-gpg '\(home.export())'")
        try stage.commit("os/two")
        try expectFailure("is refused", status: 1, unchanged: [stage.cache]) {
            try push(["os/two"], over: strict, ["--command", "ostree-receive"])
        }
    }

    @Test(arguments: [
        "http://127.0.0.2:80", "http://127.0.0.1", "http://127.0.0.1:0", "http://127.0.0.1:80/path",
        "http://127.0.0.1:80@example.com", "https://127.0.0.1:80", "http://127.0.0.1:70000", "file:///etc",
        "http://localhost.example.com:80", "http://127.0.0.1:8o",
    ])
    func `Nothing but a port of this machine is pulled from`(url: String) throws {
        try expectFailure("nothing is pulled from", status: 1, unchanged: [stage.cache]) {
            try run(
                [Programs.receiver(), stage.cache],
                environment: ["SSH_ORIGINAL_COMMAND": "ostree-receive-1 cache '\(url)'"])
        }
    }

    /// Has the receiver pull from a server on this machine, with an `ostree-receive.conf`.
    private func pull(_ configuration: String, to path: String, _ options: [String] = []) throws
        -> ProcessResult
    {
        try OSTreeCommand.lines(stage.mine, ["summary", "-u"])
        let server = try FaultyWebServer(directory: stage.mine)
        let file = try stage.directory.file("ostree-receive.conf", configuration)
        return try run(
            [Programs.receiver()] + options + [path, server.url],
            environment: ["OSTREE_RECEIVE_CONF": file, "HOME": "/nonexistent"])
    }

    @Test func `ostree-receive's configuration counts, a repository's before that of all`() throws {
        let home = try GPGHome()
        try home.makeKey("cache@example.com")
        let hook = try stage.program(
            "hook", "echo \"$OSTREE_RECEIVE_REPO: $OSTREE_RECEIVE_REFS\" > '\(stage.directory.path("heard"))'"
        )
        try stage.commit("os/one", "os/two")
        let result = try pull(
            """
            root: \(stage.directory.path(""))
            gpg_sign: [nobody@example.com]
            gpg_homedir: \(home.path)
            color: blue
            update: yes
            repos:
              cache:
                gpg_sign: [cache@example.com]
                update: no
                update_hook: \(hook)

            """, to: "cache")
        expectSuccess(result)
        #expect(
            result.errorText.contains("ostree-receive.conf:4: 'color' has no counterpart"),
            "\(result.errorText)")
        #expect(try text(ofFile: stage.directory.path("heard")) == "\(stage.cache): os/one os/two\n")
        let reader = try stage.another()
        expectSuccess(
            try reader.pull(["os/one"], from: stage.cache, ["--verify-gpg", home.export()]))
        try expectFailure("no repository", status: 1, unchanged: [stage.cache]) {
            try pull("root: \(stage.directory.makeDirectory("bin"))\n", to: "../cache")
        }
    }

    @Test(arguments: [
        ("gpg_sign: cache@example.com\n", "'gpg_sign' is not a list"), ("force: perhaps\n", "not yes or no"),
        ("- root\n", "mapping belongs"), ("sign_type: rsa\nsign_verify: yes\n", "signatures of type 'rsa'"),
        ("gpg_verify: yes\ngpg_trustedkeys: /nonexistent/keys\n", "/nonexistent/keys"),
    ])
    func `A configuration that cannot be used is reported, and nothing changes`(text: String, words: String)
        throws
    {
        try stage.commit("os/one")
        try expectFailure(words, status: 1, unchanged: [stage.cache]) { try pull(text, to: stage.cache) }
    }

    @Test func `No proxy comes between the receiver and its client`() throws {
        try stage.commit("os/one")
        let server = try FaultyWebServer(directory: stage.mine)
        let proxy = try FaultyWebServer(directory: stage.mine)
        expectSuccess(
            try run(
                [Programs.receiver(), stage.cache, server.url, "os/one"],
                environment: ["http_proxy": proxy.url, "all_proxy": proxy.url, "no_proxy": nil]))
        #expect(try Reader.refs(stage.cache).keys.sorted() == ["os/one"])
        #expect(proxy.requestCount == 0)
    }

    @Test func `A server that redirects elsewhere is not followed`() throws {
        try stage.commit("os/one")
        let other = try FaultyWebServer(directory: stage.mine)
        let server = try FaultyWebServer(directory: stage.mine) { path, _ in .redirect(to: other.url + path) }
        try expectFailure("redirects", status: 1, unchanged: [stage.cache]) {
            try run([Programs.receiver(), stage.cache, server.url, "os/one"])
        }
        #expect(other.requestCount == 0)
    }
}
