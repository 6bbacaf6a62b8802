// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct ConfiguredPullTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
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
        let server = try WebServer(directory: stage.cache)
        try stage.configure(text.replacingOccurrences(of: "URL", with: server.http2URL))
        let result = try stage.pullWell(from: nil, ["--ca", server.caFile])
        #expect(result.lines.last?.contains(" from \(server.http2URL)") == true)
        try stage.expectPulled()
    }

    @Test func `A configuration can be named, and XDG_CONFIG_HOME says where the usual one is`() throws {
        let text = "artifacts: {url: \"file://\(stage.cache)\"}\n"
        let file = try stage.directory.file("other/buildstream.conf", text)
        try stage.pullWell(from: nil, ["--config", file])
        try stage.expectPulled()
        let second = try stage.another()
        try second.pullWell(
            [stage.ref], from: nil, environment: ["XDG_CONFIG_HOME": stage.directory.path("other")])
        try second.expectPulled()
    }

    @Test func `The first cache that has a ref is the one that it comes from`() throws {
        let (first, second, third) = (try Stage.plain(), try Stage.plain(), try Stage.plain())
        let commit = try second.commitMore("second", ref: "project/wanted")
        try third.commitMore("third", ref: "project/wanted")
        let servers = try [first, second, third].map { try FaultyWebServer(directory: $0.cache) }
        try stage.configure(
            "artifacts:\n" + servers.map { "- url: \($0.url)\n" }.joined())
        try stage.pullWell(["project/wanted"], from: nil)
        #expect(try OSTreeCommand.revParse(stage.mine, "project/wanted") == commit)
        #expect(servers[0].requestedPaths == ["/refs/heads/project/wanted", "/config"])
        #expect(servers[2].requestCount == 0)
    }

    @Test func `Each of several refs comes from the first cache that has it`() throws {
        let (first, second) = (try Stage.plain(), try Stage.plain())
        try first.commitMore("1", ref: "project/one")
        try second.commitMore("2", ref: "project/two")
        try stage.configure("artifacts:\n- url: \(first.cache)\n- url: \(second.cache)\n")
        let result = try stage.pullWell(["project/two", "project/one"], from: nil)
        #expect(try OSTreeCommand.refs(stage.mine) == ["project/one", "project/two"])
        #expect(result.lines.filter { $0.hasPrefix("pulled ") }.count == 2)
    }

    @Test func `A cache out of reach is worth a warning, and the next one is asked`() throws {
        let gone = try FaultyWebServer(directory: stage.cache)
        let url = gone.url
        gone.stop()
        try stage.configure("artifacts:\n- url: \(url)\n- url: \(stage.cache)\n")
        let result = try stage.pullWell(from: nil)
        #expect(result.errorText.contains("warning: cannot fetch \(url)/refs/heads/\(stage.ref): "))
        try stage.expectPulled()
    }

    @Test func `A cache that serves wrong bytes is worth a warning, and the next one is asked`() throws {
        let path = try #require(stage.paths("filez").first)
        let spoilt = try FaultyWebServer(directory: stage.cache) { asked, _ in
            asked == path ? .corrupt(offset: 9) : nil
        }
        try stage.configure("artifacts:\n- url: \(spoilt.url)\n- url: \(stage.cache)\n")
        let result = try stage.pullWell(from: nil)
        #expect(result.errorText.contains("warning: \(spoilt.url) serves wrong bytes"))
        try stage.expectPulled()
    }

    @Test func `A ref that no cache has is an error that names them all`() throws {
        let other = try Stage.plain()
        try stage.configure("artifacts:\n- url: \(stage.cache)\n- url: \(other.cache)\n")
        let errors = try stage.pullBadly(["unknown/ref"], from: nil)
        #expect(errors.contains("there is no ref unknown/ref at \(stage.cache), \(other.cache)"))
    }

    @Test func `A project's own cache is asked first, and only for the project's refs`() throws {
        let own = try Stage.plain()
        let commit = try own.commitMore("own")
        let server = try FaultyWebServer(directory: own.cache)
        try stage.commitMore("other", ref: "stranger/element/key")
        try stage.configure(
            """
            artifacts: {url: "\(stage.cache)"}
            projects:
              project: {artifacts: {url: "\(server.url)"}}

            """)
        try stage.pullWell([own.ref], from: nil)
        #expect(try OSTreeCommand.revParse(stage.mine, own.ref) == commit)
        let count = server.requestCount
        try stage.pullWell(["stranger/element/key"], from: nil)
        #expect(server.requestCount == count)
        // A project's name stands for its caches.
        let second = try stage.another()
        try second.pullWell(
            [own.ref], from: "project",
            ["--config", stage.directory.path("home", ".config", "buildstream.conf")])
        #expect(try OSTreeCommand.revParse(second.mine, own.ref) == commit)
    }

    @Test func `Without any cache in the configuration there is nothing to pull from`() throws {
        for text in ["", "artifacts:\n", "artifacts: {push-url: \"h:p\"}\n", "scheduler: {}\n"] {
            try stage.configure(text)
            let errors = try stage.pullBadly(from: nil)
            #expect(errors.contains("the configuration names no cache to pull from: give --remote"))
        }
    }

    @Test func `The configuration's own repository is made where it is missing`() throws {
        try stage.configure("artifacts: {url: \"\(stage.cache)\"}\n")
        let directory = stage.directory.path("cache home")
        try stage.artifact(["pull", stage.ref], environment: ["XDG_CACHE_HOME": directory]).checked()
        let repository = "\(directory)/buildstream/artifacts/ostree"
        try OSTreeCommand.fsck(repository)
        #expect(try OSTreeCommand.lines(repository, ["config", "get", "core.mode"]) == ["bare-user"])
        #expect(try OSTreeCommand.revParse(repository, stage.ref) == stage.first)

        let elsewhere = stage.directory.path("elsewhere")
        try stage.configure(
            "artifactdir: \"\(elsewhere)\"\nartifacts: {url: \"\(stage.cache)\"}\n")
        try stage.artifact(["pull", stage.ref]).checked()
        try OSTreeCommand.fsck("\(elsewhere)/ostree")
    }
}
