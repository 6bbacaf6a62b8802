// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct RefusedPullTests {
    private let cache: Cache
    private let builder: Builder

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
    }

    @Test(arguments: [
        "/project", "project/", "project//key", "..", "project/../key", "./project", "a b", "žluť^", "a:b",
        "a\nb", "a\u{1b}b", "", "a^", "project/element/key~", String(repeating: "a", count: 256),
    ])
    func `What is no ref name is refused before anything is asked`(name: String) throws {
        let server = try FaultyWebServer(folder: cache.repository)
        let errors = try builder.pullBadly([name], from: server.url)
        #expect(errors.contains("ref name") || errors.contains("is a ref that was pulled from the remote a"))
        #expect(!errors.contains("\u{1b}"))
        #expect(server.requestCount == 0)
    }

    @Test func `No ref at all is a mistake of usage`() throws {
        let result = try builder.pull([], from: cache.repository)
        #expect(result.status == .exited(64))
        #expect(result.errorText.contains("Usage: bst-artifact pull"))
    }

    @Test func `A repository that is missing is not made, but named`() throws {
        let path = builder.directory.path("missing")
        let result = try run(
            [Programs.artifact(), "pull", "--repo", path, "--remote", cache.repository, cache.ref],
            environment: builder.environment)
        #expect(result.failed)
        #expect(result.errorText.contains("there is no repository at \(path)"))
        #expect(result.errorText.contains("bst-artifact init \(path)"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `A folder that is no repository is named, and stays as it is`() throws {
        let path = try builder.directory.folder("folder")
        try builder.directory.file("folder/config", "this is not an OSTree configuration\n")
        let before = try TreeSnapshot(path)
        let result = try run(
            [Programs.artifact(), "pull", "--repo", path, "--remote", cache.repository, cache.ref],
            environment: builder.environment)
        #expect(result.failed)
        #expect(result.errorText.contains(path))
        #expect(try TreeSnapshot(path).differences(from: before) == [])
    }

    @Test func `A repository of mode bare is refused before an object is asked for`() throws {
        let bare = try Builder(mode: .bare)
        let server = try FaultyWebServer(folder: cache.repository)
        let errors = try bare.pullBadly([cache.ref], from: server.url)
        #expect(errors.contains("repository \(bare.repository) is of mode bare"))
        #expect(!server.requestedPaths.contains { $0.hasPrefix("/objects/") })
    }

    @Test(arguments: ["owner", "setuid", "attribute", "world-writable", "group"])
    func `What a repository without owners cannot keep is refused, and nothing of it becomes visible`(
        kind: String
    ) throws {
        var options = ["--owner-uid=0", "--owner-gid=0"]
        if kind == "owner" { options[0] = "--owner-uid=1000" }
        if kind == "group" { options[1] = "--owner-gid=1000" }
        let cache = try Cache(options: options) { tree in
            try Cache.buildPlainTree(tree)
            switch kind {
            case "setuid": chmod("\(tree)/c", 0o4755)
            case "world-writable": chmod("\(tree)/c", 0o666)
            case "attribute":
                try run(["python3", "-c", "import os; os.setxattr('\(tree)/c', 'user.test', b'value')"])
                    .checked()
            default: break
            }
        }
        let builder = try Builder(mode: .bareUserOnly)
        let errors = try builder.pullBadly([cache.ref], from: cache.repository)
        #expect(errors.contains("which a repository of mode bare-user-only cannot keep"))
        #expect(errors.contains("use one of mode bare-user"))
        try OSTreeCommand.fsck(builder.repository)
        // It was not the cache's fault, and another ref still arrives.
        let plain = try Cache.plain()
        try builder.pullWell([plain.ref], from: plain.repository)
        try builder.expectHas(plain)
    }

    @Test func `A ref that would stand where another has a folder is refused, and nothing changes`() throws {
        try OSTreeCommand.lines(cache.repository, ["refs", "--delete", cache.ref])
        for (have, want) in [("a/b", "a"), ("a", "a/b")] {
            let builder = try Builder()
            try OSTreeCommand.commit(builder.repository, tree: cache.tree, refs: [have])
            let other = try Cache.plain()
            try other.commitMore("more", ref: want)
            let errors = try builder.pullBadly([want], from: other.repository)
            #expect(errors.contains("ref \(want) cannot exist beside ref \(have == "a" ? "a" : "a/...")"))
            try OSTreeCommand.fsck(builder.repository)
        }
    }

    @Test func `One unknown ref among several is an error`() throws {
        let result = try builder.pull([cache.ref, "unknown"], from: cache.repository)
        #expect(result.failed)
        #expect(result.errorText.contains("there is no ref unknown at \(cache.repository)"))
        try OSTreeCommand.fsck(builder.repository)
    }

    @Test(arguments: [
        ("artifacts:\n  uri: /a\n", 2), ("projects:\n  hello: x\n", 2), ("a: [\n", 1),
        ("artifacts:\n- url: /a\n- url: ftp://h/a\n", 3),
        ("artifacts:\n  url: ssh://-oProxyCommand=x/p\n", 2),
    ])
    func `A mistake in the configuration is reported with file and line, even beside --remote`(
        text: String, line: Int
    ) throws {
        try builder.configure(text)
        for remote in [nil, cache.repository] {
            let errors = try builder.pullBadly([cache.ref], from: remote)
            #expect(errors.contains("/home/.config/buildstream.conf:\(line): "), "\(errors)")
        }
    }

    @Test func `A configuration that cannot be read is named`() throws {
        try builder.directory.folder("home/.config/buildstream.conf")
        let errors = try builder.pullBadly([cache.ref], from: nil)
        #expect(errors.contains("buildstream.conf: the configuration cannot be read: Is a directory"))
        let missing = try builder.pullBadly(
            [cache.ref], from: nil, ["--config", builder.directory.path("missing.conf")])
        #expect(missing.contains("missing.conf: there is no such configuration file"))
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can make users"))
    func `A configuration of somebody else, and a repository that must not be written to, are named`() throws
    {
        let user = try TestUser()
        let program = try user.install(Programs.artifact())
        let file = try builder.directory.file("secret.conf", "artifacts: {}\n")
        chmod(file, 0o600)
        let config = try user.run([
            program, "pull", "--config", file, "--repo", builder.repository, cache.ref,
        ])
        #expect(config.failed)
        #expect(config.errorText.contains("secret.conf: the configuration cannot be read: Permission denied"))
        let before = try TreeSnapshot(builder.repository)
        let result = try user.run([
            program, "pull", "--repo", builder.repository, "--remote", cache.repository, cache.ref,
        ])
        #expect(result.failed)
        #expect(result.errorText.contains("Permission denied"))
        #expect(result.errorText.contains(builder.repository))
        #expect(try TreeSnapshot(builder.repository).differences(from: before) == [])
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can make users"))
    func `Somebody who is not root pulls into repositories of their own`() throws {
        let user = try TestUser()
        let program = try user.install(Programs.artifact())
        for mode in ["bare-user", "archive"] {
            let repository = "\(user.home)/\(mode)"
            try user.run([program, "init", "--mode", mode, repository]).checked()
            let result = try user.run([
                program, "pull", "--repo", repository, "--remote", cache.repository, cache.ref,
            ])
            #expect(result.succeeded, "\(result.errorText)")
            #expect(try OSTreeCommand.revParse(repository, cache.ref) == cache.commit)
        }
    }
}
