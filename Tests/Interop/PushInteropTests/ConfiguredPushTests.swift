// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pushes to the caches of `buildstream.conf`.
@Suite struct ConfiguredPushTests {
    private let stage: Stage
    private let server: SSHServer
    private let commit: String
    /// Another cache than the stage's.
    private let second: String
    /// The beginning of a URL of a path on the server.
    private var start: String { "ssh://localhost:\(server.port)" }

    init() throws {
        stage = try Stage(.bareUser)
        server = try SSHServer(environmentPath: Programs.searchPath)
        commit = try stage.commit("hello/element/key")
        second = stage.directory.path("second")
        try OSTreeCommand.initRepo(second, mode: .archive)
    }

    /// ssh with what the server needs, but without the port, which is for the configuration to say.
    private var sshWithoutPort: String {
        get throws {
            let lines = try text(ofFile: server.sshConfigPath).split(separator: "\n")
            let others = lines.filter { !$0.hasPrefix("Port ") }.joined(separator: "\n")
            return shellWords(["ssh", "-F", try stage.directory.file("ssh_config", others + "\n")])
        }
    }

    private func push(_ configuration: String, _ options: [String] = []) throws -> ProcessResult {
        let file = try stage.directory.file("buildstream.conf", configuration)
        return try stage.artifact(
            ["push", "--repo", stage.mine, "--config", file, "--ssh", sshWithoutPort] + options
                + ["hello/element/key"])
    }

    private func expectArrival(in caches: [String]) throws {
        for cache in [stage.cache, second] {
            if caches.contains(cache) {
                try expectArrived(["hello/element/key"], at: commit, in: cache)
            } else {
                #expect(try OSTreeCommand.refs(cache) == [], "\(cache)")
            }
        }
    }

    @Test func `push-url and push-port drive a push`() throws {
        let result = try push(
            """
            scheduler: {fetchers: 4}
            artifacts:
              pull-url: https://artifacts.example.com
              push-url: \(server.userName)@localhost:\(stage.cache)
              push-port: \(server.port)
            """)
        expectSuccess(result)
        try expectArrival(in: [stage.cache])
    }

    @Test func `An ssh url with its port drives a push`() throws {
        let url = "ssh://\(server.userName)@localhost:\(server.port)\(stage.cache)"
        expectSuccess(try push("artifacts:\n  url: \(url)\n"))
        try expectArrival(in: [stage.cache])
    }

    @Test func `Of a list, every cache that accepts pushes gets one, and only those`() throws {
        let result = try push(
            """
            artifacts:
            - url: https://first.example.com/artifacts
            - {url: "\(start)\(stage.cache)", push: true}
            - {url: "\(start)\(second)", push: true}
            """)
        expectSuccess(result)
        try expectArrival(in: [stage.cache, second])
    }

    @Test func `A cache that cannot be pushed to does not keep the others from it`() throws {
        let result = try push(
            """
            artifacts:
            - {url: "\(start)/no/such/cache", push: true}
            - {url: "\(start)\(second)", push: true}
            """)
        #expect(result.failed)
        #expect(result.errorText.contains("/no/such/cache"))
        try expectArrival(in: [second])
    }

    @Test func `A project's own cache gets its artifacts, and the general ones too`() throws {
        let general = "artifacts: {url: \"\(start)\(stage.cache)\"}\n"
        expectSuccess(
            try push("projects:\n  hello: {artifacts: {url: \"\(start)\(second)\"}}\n"))
        try expectArrival(in: [second])
        expectSuccess(
            try push(
                general + "projects:\n  other: {artifacts: {url: \"\(start)/no/such/cache\"}}\n"))
        try expectArrival(in: [stage.cache, second])
    }

    @Test func `The usual place of the configuration and BuildStream's own repository are the defaults`()
        throws
    {
        try stage.configure("artifacts: {url: \"\(start)\(stage.cache)\"}\n")
        try stage.directory.makeDirectory("home/.cache/buildstream/artifacts")
        try stage.copy(stage.mine, as: "home/.cache/buildstream/artifacts/ostree")
        let environment: [String: String?] = try ["BST_ARTIFACT_SSH": sshWithoutPort]
        expectSuccess(try stage.artifact(["push", "hello/element/key"], environment: environment))
        try expectArrival(in: [stage.cache])
        let check = try stage.artifact(["check"], environment: environment)
        expectSuccess(check)
        #expect(check.text.contains(stage.cache))
    }

    @Test func `A remote of the repository can be named, and a project of the configuration`() throws {
        try OSTreeCommand.addRemote(stage.mine, "mine", url: "file://\(stage.cache)")
        expectSuccess(try push("", ["--remote", "mine"]))
        try expectArrival(in: [stage.cache])
        expectSuccess(
            try push(
                "projects:\n  other: {artifacts: {url: \"\(start)\(second)\"}}\n",
                ["--remote", "other"]))
        try expectArrival(in: [stage.cache, second])
        try expectFailure("no remote 'nowhere'", status: 1, unchanged: [stage.cache, second]) {
            try push("", ["--remote", "nowhere"])
        }
    }

    @Test(arguments: [
        ("", "names no cache to push to"),
        ("artifacts: {url: https://example.com/}\n", "names no cache to push to"),
        ("\n\nartifacts:\n  push-port: many\n", "buildstream.conf:4:"),
        ("a: b\nartifacts: {url: \"ssh://-oProxyCommand=x/p\"}\n", "buildstream.conf:2:"),
        ("artifacts:\n  url: [unclosed\n", "buildstream.conf:"),
        ("artifacts: nothing\n", "buildstream.conf:1:"),
        ("projects:\n  hello:\n    artifacts:\n    - push: true\n", "buildstream.conf:4:"),
    ])
    func `A configuration that cannot be used is reported with its line`(
        configuration: String, message: String
    ) throws {
        try expectFailure(message, status: 1, unchanged: [stage.cache, stage.mine]) {
            try push(configuration)
        }
    }

    @Test func `A configuration that is not there, or is a directory, is reported`() throws {
        for (path, message) in [
            (stage.directory.path("missing.conf"), "no such configuration"),
            (try stage.directory.makeDirectory("directory.conf"), "cannot be read"),
        ] {
            try expectFailure(path, message, status: 1, unchanged: [stage.cache]) {
                try stage.push(["hello/element/key"], ["--config", path])
            }
        }
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can make users"))
    func `A configuration that may not be read is reported`() throws {
        let user = try TestUser()
        let program = try user.install(Programs.artifact())
        let configuration = "\(user.home)/buildstream.conf"
        try Data("artifacts: {}\n".utf8).write(to: URL(fileURLWithPath: configuration))
        chmod(configuration, 0o600)
        let result = try user.run([program, "push", "--config", configuration, "a/b/c"])
        #expect(result.failed)
        #expect(result.errorText.contains("Permission denied"), "\(result.errorText)")
        #expect(result.errorText.contains(configuration))
    }
}
