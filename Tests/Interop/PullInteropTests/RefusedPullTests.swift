// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct RefusedPullTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    @Test(arguments: [
        "/project", "project/", "project//key", "..", "project/../key", "./project", "a b", "žluť^", "a:b",
        "a\nb", "a\u{1b}b", "", "a^", "project/element/key~", String(repeating: "a", count: 256),
    ])
    func `What is no ref name is refused before anything is asked`(name: String) throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let errors = try stage.pullBadly([name], from: server.url)
        #expect(errors.contains("ref name") || errors.contains("is a ref that was pulled from the remote a"))
        #expect(!errors.contains("\u{1b}"))
        #expect(server.requestCount == 0)
    }

    @Test func `No ref at all is a mistake of usage`() throws {
        let result = try stage.pull([], from: stage.cache)
        #expect(result.status == .exited(64))
        #expect(result.errorText.contains("Usage: bst-artifact pull"))
    }

    @Test func `A repository that is missing is not made, but named`() throws {
        let path = stage.directory.path("missing")
        let result = try stage.artifact(["pull", "--repo", path, "--remote", stage.cache, stage.ref])
        #expect(result.failed)
        #expect(result.errorText.contains("there is no repository at \(path)"))
        #expect(result.errorText.contains("bst-artifact init \(path)"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `A directory that is no repository is named, and stays as it is`() throws {
        let path = try stage.directory.makeDirectory("directory")
        try stage.directory.file("directory/config", "this is not an OSTree configuration\n")
        let before = try TreeSnapshot(path)
        let result = try stage.artifact(["pull", "--repo", path, "--remote", stage.cache, stage.ref])
        #expect(result.failed)
        #expect(result.errorText.contains(path))
        #expect(try TreeSnapshot(path).differences(from: before) == [])
    }

    @Test(arguments: ["owner", "setuid", "attribute", "world-writable", "group"])
    func `What a repository without owners cannot keep is refused, and nothing of it becomes visible`(
        kind: String
    ) throws {
        var options = ["--owner-uid=0", "--owner-gid=0"]
        if kind == "owner" { options[0] = "--owner-uid=1000" }
        if kind == "group" { options[1] = "--owner-gid=1000" }
        let stage = try Stage(.bareUserOnly, committing: options) { tree in
            try Stage.makePlainTree(tree)
            switch kind {
            case "setuid": chmod("\(tree)/c", 0o4755)
            case "world-writable": chmod("\(tree)/c", 0o666)
            case "attribute":
                try run([
                    "/usr/bin/python3", "-c", "import os; os.setxattr('\(tree)/c', 'user.test', b'value')",
                ])
                .checked()
            default: break
            }
        }
        let errors = try stage.pullBadly(from: stage.cache)
        #expect(errors.contains("which a repository of mode bare-user-only cannot keep"))
        #expect(errors.contains("use one of mode bare-user"))
        try OSTreeCommand.fsck(stage.mine)
        // It was not the cache's fault, and another ref still arrives.
        let plain = try Stage.plain()
        try stage.pullWell([plain.ref], from: plain.cache)
        try stage.expectPulled(from: plain)
    }

    @Test func `A ref that would stand where another has a directory is refused, and nothing changes`() throws
    {
        try OSTreeCommand.lines(stage.cache, ["refs", "--delete", stage.ref])
        for (have, want) in [("a/b", "a"), ("a", "a/b")] {
            let stage = try stage.another()
            try OSTreeCommand.commit(stage.mine, tree: stage.tree, refs: [have])
            let other = try Stage.plain()
            try other.commitMore("more", ref: want)
            let errors = try stage.pullBadly([want], from: other.cache)
            #expect(errors.contains("ref \(want) cannot exist beside ref \(have == "a" ? "a" : "a/...")"))
            try OSTreeCommand.fsck(stage.mine)
        }
    }

    @Test func `One unknown ref among several is an error`() throws {
        let result = try stage.pull([stage.ref, "unknown"], from: stage.cache)
        #expect(result.failed)
        #expect(result.errorText.contains("there is no ref unknown at \(stage.cache)"))
        try OSTreeCommand.fsck(stage.mine)
    }

    @Test(arguments: [
        ("artifacts:\n  uri: /a\n", 2), ("projects:\n  hello: x\n", 2), ("a: [\n", 1),
        ("artifacts:\n- url: /a\n- url: ftp://h/a\n", 3),
        ("artifacts:\n  url: ssh://-oProxyCommand=x/p\n", 2),
    ])
    func `A mistake in the configuration is reported with file and line, even beside --remote`(
        text: String, line: Int
    ) throws {
        try stage.configure(text)
        for remote in [nil, stage.cache] {
            let errors = try stage.pullBadly(from: remote)
            #expect(errors.contains("/home/.config/buildstream.conf:\(line): "), "\(errors)")
        }
    }

    @Test func `A configuration that cannot be read is named`() throws {
        try stage.directory.makeDirectory("home/.config/buildstream.conf")
        let errors = try stage.pullBadly(from: nil)
        #expect(errors.contains("buildstream.conf: the configuration cannot be read: Is a directory"))
        let missing = try stage.pullBadly(from: nil, ["--config", stage.directory.path("missing.conf")])
        #expect(missing.contains("missing.conf: there is no such configuration file"))
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can make users"))
    func `A configuration of somebody else, and a repository that must not be written to, are named`() throws
    {
        let user = try TestUser()
        let program = try user.install(Programs.artifact())
        let file = try stage.directory.file("secret.conf", "artifacts: {}\n")
        chmod(file, 0o600)
        let config = try user.run([
            program, "pull", "--config", file, "--repo", stage.mine, stage.ref,
        ])
        #expect(config.failed)
        #expect(config.errorText.contains("secret.conf: the configuration cannot be read: Permission denied"))
        let before = try TreeSnapshot(stage.mine)
        let result = try user.run([
            program, "pull", "--repo", stage.mine, "--remote", stage.cache, stage.ref,
        ])
        #expect(result.failed)
        #expect(result.errorText.contains("Permission denied"))
        #expect(result.errorText.contains(stage.mine))
        #expect(try TreeSnapshot(stage.mine).differences(from: before) == [])
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can make users"))
    func `Somebody who is not root pulls into repositories of their own`() throws {
        let user = try TestUser()
        let program = try user.install(Programs.artifact())
        for mode in ["bare-user", "archive"] {
            let repository = "\(user.home)/\(mode)"
            try user.run([program, "init", "--mode", mode, repository]).checked()
            let result = try user.run([
                program, "pull", "--repo", repository, "--remote", stage.cache, stage.ref,
            ])
            #expect(result.succeeded, "\(result.errorText)")
            #expect(try OSTreeCommand.revParse(repository, stage.ref) == stage.first)
        }
    }
}
