// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct ConfiguredPullTests {
    private let cache: Cache
    private let builder: Builder

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
    }

    @Test(arguments: [
        "artifacts:\n  pull-url: URL\n",
        "artifacts:\n  pull-url: URL\n  push-url: artifacts@artifacts.com:artifacts\n  push-port: 666\n",
        "artifacts:\n  url: URL\n",
        "artifacts: {url: \"URL\", push: false}\n",
        "artifacts:\n- url: URL\n",
        "artifacts:\n- {url: \"URL\"}\n- {url: \"ssh://artifacts@second.example.com/artifacts\", push: true}\n",
        "projects:\n  project:\n    artifacts:\n      url: URL\n",
        "projects: {project: {artifacts: [{url: \"URL\"}]}}\n",
        "sourcedir: ~/x\nscheduler: {fetchers: 9}\nartifacts:\n  url: URL/\n",
    ])
    func `Every form of the configuration says where to pull from`(text: String) throws {
        let server = try WebServer(folder: cache.repository)
        try builder.configure(text.replacingOccurrences(of: "URL", with: server.http2URL))
        let result = try builder.pullWell([cache.ref], from: nil, ["--ca", server.caFile])
        #expect(result.lines.last?.contains(" from \(server.http2URL)") == true)
        try builder.expectHas(cache)
    }

    @Test func `A configuration can be named, and XDG_CONFIG_HOME says where the usual one is`() throws {
        let text = "artifacts: {url: \"file://\(cache.repository)\"}\n"
        let file = try builder.directory.file("other/buildstream.conf", text)
        try builder.pullWell([cache.ref], from: nil, ["--config", file])
        try builder.expectHas(cache)
        let second = try Builder()
        try second.pullWell(
            [cache.ref], from: nil, environment: ["XDG_CONFIG_HOME": builder.directory.path("other")])
        try second.expectHas(cache)
    }

    @Test func `The first cache that has a ref is the one that it comes from`() throws {
        let (first, second, third) = (try Cache.plain(), try Cache.plain(), try Cache.plain())
        let commit = try second.commitMore("second", ref: "project/wanted")
        try third.commitMore("third", ref: "project/wanted")
        let servers = try [first, second, third].map { try FaultyWebServer(folder: $0.repository) }
        try builder.configure(
            "artifacts:\n" + servers.map { "- url: \($0.url)\n" }.joined())
        try builder.pullWell(["project/wanted"], from: nil)
        #expect(try OSTreeCommand.revParse(builder.repository, "project/wanted") == commit)
        #expect(servers[0].requestedPaths == ["/config", "/refs/heads/project/wanted"])
        #expect(servers[2].requestCount == 0)
    }

    @Test func `Each of several refs comes from the first cache that has it`() throws {
        let (first, second) = (try Cache.plain(), try Cache.plain())
        try first.commitMore("1", ref: "project/one")
        try second.commitMore("2", ref: "project/two")
        try builder.configure("artifacts:\n- url: \(first.repository)\n- url: \(second.repository)\n")
        let result = try builder.pullWell(["project/two", "project/one"], from: nil)
        #expect(try OSTreeCommand.refs(builder.repository) == ["project/one", "project/two"])
        #expect(result.lines.filter { $0.hasPrefix("pulled ") }.count == 2)
    }

    @Test func `A cache out of reach is worth a warning, and the next one is asked`() throws {
        let gone = try FaultyWebServer(folder: cache.repository)
        let url = gone.url
        gone.stop()
        try builder.configure("artifacts:\n- url: \(url)\n- url: \(cache.repository)\n")
        let result = try builder.pullWell([cache.ref], from: nil)
        #expect(result.errorText.contains("warning: cannot fetch \(url)/config: "))
        try builder.expectHas(cache)
    }

    @Test func `A cache that serves wrong bytes is worth a warning, and the next one is asked`() throws {
        let path = try #require(cache.paths("filez").first)
        let spoilt = try FaultyWebServer(folder: cache.repository) { asked, _ in
            asked == path ? .corrupt(offset: 9) : nil
        }
        try builder.configure("artifacts:\n- url: \(spoilt.url)\n- url: \(cache.repository)\n")
        let result = try builder.pullWell([cache.ref], from: nil)
        #expect(result.errorText.contains("warning: \(spoilt.url) serves wrong bytes"))
        try builder.expectHas(cache)
    }

    @Test func `A ref that no cache has is an error that names them all`() throws {
        let other = try Cache.plain()
        try builder.configure("artifacts:\n- url: \(cache.repository)\n- url: \(other.repository)\n")
        let errors = try builder.pullBadly(["unknown/ref"], from: nil)
        #expect(errors.contains("there is no ref unknown/ref at \(cache.repository), \(other.repository)"))
    }

    @Test func `A project's own cache is asked first, and only for the project's refs`() throws {
        let own = try Cache.plain()
        let commit = try own.commitMore("own")
        let server = try FaultyWebServer(folder: own.repository)
        try cache.commitMore("other", ref: "stranger/element/key")
        try builder.configure(
            """
            artifacts: {url: "\(cache.repository)"}
            projects:
              project: {artifacts: {url: "\(server.url)"}}

            """)
        try builder.pullWell([own.ref], from: nil)
        #expect(try OSTreeCommand.revParse(builder.repository, own.ref) == commit)
        let count = server.requestCount
        try builder.pullWell(["stranger/element/key"], from: nil)
        #expect(server.requestCount == count)
        // A project's name stands for its caches.
        let second = try Builder()
        try second.pullWell(
            [own.ref], from: "project",
            ["--config", builder.directory.path("home", ".config", "buildstream.conf")])
        #expect(try OSTreeCommand.revParse(second.repository, own.ref) == commit)
    }

    @Test func `Without any cache in the configuration there is nothing to pull from`() throws {
        for text in ["", "artifacts:\n", "artifacts: {push-url: \"h:p\"}\n", "scheduler: {}\n"] {
            try builder.configure(text)
            let errors = try builder.pullBadly([cache.ref], from: nil)
            #expect(errors.contains("the configuration names no cache to pull from: give --remote"))
        }
    }

    @Test func `The configuration's own repository is made where it is missing`() throws {
        try builder.configure("artifacts: {url: \"\(cache.repository)\"}\n")
        let folder = builder.directory.path("cache home")
        try run(
            [Programs.artifact(), "pull", cache.ref],
            environment: builder.environment.merging(["XDG_CACHE_HOME": folder]) { $1 }
        ).checked()
        let repository = "\(folder)/buildstream/artifacts/ostree"
        try OSTreeCommand.fsck(repository)
        #expect(try OSTreeCommand.lines(repository, ["config", "get", "core.mode"]) == ["bare-user"])
        #expect(try OSTreeCommand.revParse(repository, cache.ref) == cache.commit)

        let elsewhere = builder.directory.path("elsewhere")
        try builder.configure(
            "artifactdir: \"\(elsewhere)\"\nartifacts: {url: \"\(cache.repository)\"}\n")
        try run([Programs.artifact(), "pull", cache.ref], environment: builder.environment).checked()
        try OSTreeCommand.fsck("\(elsewhere)/ostree")
    }
}
