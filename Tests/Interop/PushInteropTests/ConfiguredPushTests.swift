// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pushes to the caches of `buildstream.conf`.
@Suite struct ConfiguredPushTests {
    /// A server, a repository with an artifact of the project `hello`, and two caches.
    private struct Scene {
        let shop: Workshop
        let server: SSHServer
        let commit: String
        let second: String

        init() throws {
            shop = try Workshop(.bareUser)
            server = try SSHServer(environmentPath: Programs.searchPath)
            commit = try shop.commit("hello/element/key")
            second = shop.directory.path("second")
            try OSTreeCommand.initRepo(second, mode: .archive)
        }

        /// ssh with what the server needs, but without the port, which is for the configuration to say.
        var sshWithoutPort: String {
            get throws {
                let text = try String(contentsOfFile: server.sshConfigPath, encoding: .utf8)
                let lines = text.split(separator: "\n").filter { !$0.hasPrefix("Port ") }
                let file = try shop.directory.file("ssh_config", lines.joined(separator: "\n") + "\n")
                return shellWords(["ssh", "-F", file])
            }
        }

        func push(_ configuration: String, _ options: [String] = []) throws -> ProcessResult {
            let file = try shop.directory.file("buildstream.conf", configuration)
            return try Client.run(
                ["push", "--repo", shop.source, "--config", file, "--ssh", sshWithoutPort] + options
                    + ["hello/element/key"])
        }

        func expectArrival(in caches: [String]) throws {
            for cache in [shop.cache, second] {
                if caches.contains(cache) {
                    try expectArrived(["hello/element/key"], at: commit, in: cache)
                } else {
                    #expect(try OSTreeCommand.refs(cache) == [], "\(cache)")
                }
            }
        }
    }

    @Test func `push-url and push-port drive a push`() throws {
        let scene = try Scene()
        let result = try scene.push(
            """
            scheduler: {fetchers: 4}
            artifacts:
              pull-url: https://artifacts.example.com
              push-url: \(scene.server.userName)@localhost:\(scene.shop.cache)
              push-port: \(scene.server.port)
            """)
        expectSuccess(result)
        try scene.expectArrival(in: [scene.shop.cache])
    }

    @Test func `An ssh url with its port drives a push`() throws {
        let scene = try Scene()
        let url = "ssh://\(scene.server.userName)@localhost:\(scene.server.port)\(scene.shop.cache)"
        expectSuccess(try scene.push("artifacts:\n  url: \(url)\n"))
        try scene.expectArrival(in: [scene.shop.cache])
    }

    @Test func `Of a list, every cache that accepts pushes gets one, and only those`() throws {
        let scene = try Scene()
        let start = "ssh://localhost:\(scene.server.port)"
        let result = try scene.push(
            """
            artifacts:
            - url: https://first.example.com/artifacts
            - {url: "\(start)\(scene.shop.cache)", push: true}
            - {url: "\(start)\(scene.second)", push: true}
            """)
        expectSuccess(result)
        try scene.expectArrival(in: [scene.shop.cache, scene.second])
    }

    @Test func `A cache that cannot be pushed to does not keep the others from it`() throws {
        let scene = try Scene()
        let start = "ssh://localhost:\(scene.server.port)"
        let result = try scene.push(
            """
            artifacts:
            - {url: "\(start)/no/such/cache", push: true}
            - {url: "\(start)\(scene.second)", push: true}
            """)
        #expect(result.failed)
        #expect(result.errorText.contains("/no/such/cache"))
        try scene.expectArrival(in: [scene.second])
    }

    @Test func `A project's own cache gets its artifacts, and the general ones too`() throws {
        let scene = try Scene()
        let start = "ssh://localhost:\(scene.server.port)"
        let general = "artifacts: {url: \"\(start)\(scene.shop.cache)\"}\n"
        expectSuccess(
            try scene.push("projects:\n  hello: {artifacts: {url: \"\(start)\(scene.second)\"}}\n"))
        try scene.expectArrival(in: [scene.second])
        expectSuccess(
            try scene.push(
                general + "projects:\n  other: {artifacts: {url: \"\(start)/no/such/cache\"}}\n"))
        try scene.expectArrival(in: [scene.shop.cache, scene.second])
    }

    @Test func `The usual place of the configuration and BuildStream's own repository are the defaults`()
        throws
    {
        let scene = try Scene()
        let home = try scene.shop.directory.folder("home")
        try scene.shop.directory.file(
            "home/.config/buildstream.conf",
            "artifacts: {url: \"ssh://localhost:\(scene.server.port)\(scene.shop.cache)\"}\n")
        try scene.shop.directory.folder("home/.cache/buildstream/artifacts")
        try run(["cp", "-a", scene.shop.source, "\(home)/.cache/buildstream/artifacts/ostree"]).checked()
        let environment: [String: String?] = try [
            "HOME": home, "XDG_CONFIG_HOME": nil, "XDG_CACHE_HOME": nil,
            "BST_ARTIFACT_SSH": scene.sshWithoutPort,
        ]
        expectSuccess(try Client.run(["push", "hello/element/key"], environment: environment))
        try scene.expectArrival(in: [scene.shop.cache])
        let check = try Client.run(["check"], environment: environment)
        expectSuccess(check)
        #expect(check.text.contains(scene.shop.cache))
    }

    @Test func `A remote of the repository can be named, and a project of the configuration`() throws {
        let scene = try Scene()
        try OSTreeCommand.addRemote(scene.shop.source, "mine", url: "file://\(scene.shop.cache)")
        expectSuccess(try scene.push("", ["--remote", "mine"]))
        try scene.expectArrival(in: [scene.shop.cache])
        let start = "ssh://localhost:\(scene.server.port)"
        expectSuccess(
            try scene.push(
                "projects:\n  other: {artifacts: {url: \"\(start)\(scene.second)\"}}\n",
                ["--remote", "other"]))
        try scene.expectArrival(in: [scene.shop.cache, scene.second])
        try expectFailure("no remote 'nowhere'", status: 1, unchanged: [scene.shop.cache, scene.second]) {
            try scene.push("", ["--remote", "nowhere"])
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
        let scene = try Scene()
        try expectFailure(message, status: 1, unchanged: [scene.shop.cache, scene.shop.source]) {
            try scene.push(configuration)
        }
    }

    @Test func `A configuration that is not there, or is a folder, is reported`() throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        for (path, message) in [
            (shop.directory.path("missing.conf"), "no such configuration"),
            (try shop.directory.folder("folder.conf"), "cannot be read"),
        ] {
            try expectFailure(path, message, status: 1, unchanged: [shop.cache]) {
                try Client.push(["a/b/c"], from: shop.source, to: shop.cache, ["--config", path])
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
