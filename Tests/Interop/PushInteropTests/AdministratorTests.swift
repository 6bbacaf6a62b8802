// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The administrator's side as the documentation has it: a user of its own with the cache in its home.
@Suite(.enabled(if: TestUser.canBeMade, "only root can make users"))
struct AdministratorTests {
    /// A user `artifacts`, its cache, and the programs in its `PATH`.
    private struct Administrator {
        let user: TestUser
        let searchPath: String
        var cache: String { "\(user.home)/artifacts" }

        init() throws {
            user = try TestUser()
            _ = try user.install(Programs.receiver())
            try user.run(["ostree", "init", "--mode", "archive-z2", "--repo", "artifacts"]).checked()
            searchPath = "\(user.home)/bin:/usr/local/bin:/usr/bin:/bin"
        }

        func server(_ forceCommand: String? = nil, keyOptions: String? = nil) throws -> SSHServer {
            try SSHServer(
                forceCommand: forceCommand, authorizedKeysOptions: keyOptions, environmentPath: searchPath,
                user: user.name)
        }
    }

    @Test func `The oldest ForceCommand takes pushes to a path relative to the user's home`() throws {
        let administrator = try Administrator()
        let server = try administrator.server("bst-artifact-receive --verbose artifacts")
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("project/element/strong", "project/element/weak")
        let scp = try stage.push(
            ["project/element/strong"], to: "\(server.userName)@localhost:artifacts",
            over: server, environment: Stage.allCapabilities)
        expectSuccess(scp)
        #expect(scp.text.contains("project/element/strong: new, at \(commit)"))
        #expect(scp.errorText.contains("push complete"), "what the receiver says is shown")
        let url = "ssh://\(server.userName)@localhost:\(server.port)/artifacts"
        expectSuccess(
            try stage.push(["project/element/weak"], to: url, over: server))
        try expectArrived(
            ["project/element/strong", "project/element/weak"], at: commit, in: administrator.cache)
        #expect(try Reader.objects(administrator.cache) == Reader.objects(stage.mine))

        // What the cache's user and its web server have to live with.
        let strangers = try administrator.user.run([
            "find", "artifacts", "!", "-user", administrator.user.name,
        ])
        #expect(strangers.lines == [])
        let unreadable = try administrator.user.run(
            ["find", "artifacts/objects", "artifacts/refs", "!", "-perm", "-444"])
        #expect(unreadable.lines == [], "every object and ref is for all to read")
        expectSuccess(try administrator.user.run(["ostree", "--repo=artifacts", "summary", "-u"]))
    }

    @Test func `The newer ForceCommand tells the pull URL, which check prints`() throws {
        let administrator = try Administrator()
        let server = try administrator.server(
            "bst-artifact-receive --pull-url https://example.com/artifacts --verbose artifacts")
        let ssh = shellWords(server.sshCommand)
        let stage = try Stage()
        let result = try stage.artifact(["check", "--remote", "localhost:artifacts", "--ssh", ssh])
        expectSuccess(result)
        #expect(result.text.contains("https://example.com/artifacts"))
        #expect(result.text.contains("archive"))
        let commit = try stage.commit("a/b/c")
        expectSuccess(try stage.push(["a/b/c"], to: "localhost:artifacts", over: server))
        try expectArrived(["a/b/c"], at: commit, in: administrator.cache)
    }

    @Test func `A command beside an authorized key takes pushes`() throws {
        let administrator = try Administrator()
        let server = try administrator.server(
            keyOptions: "restrict,command=\"bst-artifact-receive --verbose artifacts\"")
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        // What the client names counts for nothing.
        expectSuccess(
            try stage.push(["a/b/c"], to: "localhost:elsewhere", over: server))
        try expectArrived(["a/b/c"], at: commit, in: administrator.cache)
    }

    @Test func `A ForceCommand of version 0 takes pushes of version 0`() throws {
        let administrator = try Administrator()
        let server = try administrator.server("bst-artifact-receive --protocol 0 --verbose artifacts")
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("a/b/c", "a/b/d")
        let push = {
            try stage.push(
                ["a/b/c", "a/b/d"], to: "localhost:artifacts", over: server,
                ["--protocol", "0"])
        }
        expectSuccess(try push())
        try expectArrived(["a/b/c", "a/b/d"], at: commit, in: administrator.cache)
        let again = try push()
        expectSuccess(again)
        #expect(again.text.contains("there already"))
    }

    @Test func `A cache that its user may not write is reported and stays as it was`() throws {
        let administrator = try Administrator()
        try run(["chown", "-R", "root:root", administrator.cache]).checked()
        let server = try administrator.server("bst-artifact-receive --verbose artifacts")
        let stage = try Stage()
        try stage.commit("a/b/c")
        try expectFailure("Permission denied", status: 1, unchanged: [administrator.cache]) {
            try stage.push(["a/b/c"], to: "localhost:artifacts", over: server)
        }
    }

    @Test func `A pull by ostree follows a push into the cache of the administrator`() throws {
        let administrator = try Administrator()
        let server = try administrator.server("bst-artifact-receive --verbose artifacts")
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("a/b/c")
        expectSuccess(try stage.push(["a/b/c"], to: "localhost:artifacts", over: server))
        let mirror = stage.directory.path("mirror")
        try OSTreeCommand.initRepo(mirror, mode: .bareUser)
        try OSTreeCommand.addRemote(mirror, "cache", url: "file://\(administrator.cache)")
        try OSTreeCommand.pull(mirror, remote: "cache", refs: ["a/b/c"])
        #expect(try OSTreeCommand.revParse(mirror, "cache:a/b/c") == commit)
        try OSTreeCommand.fsck(mirror)
    }
}
