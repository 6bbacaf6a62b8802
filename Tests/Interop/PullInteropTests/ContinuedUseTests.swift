// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct ContinuedUseTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .bareUserOnly, .archive])
    func `ostree goes on working with a repository that was pulled into`(mode: OSTreeCommand.Mode) throws {
        let stage = try Stage.plain(mode)
        let server = try WebServer(directory: stage.cache)
        try stage.pullWell(from: server.http2URL, ["--ca", server.caFile])

        let log = try OSTreeCommand.lines(stage.mine, ["log", stage.ref])
        #expect(log.first == "commit \(stage.first)")

        let other = try stage.another(mode)
        try OSTreeCommand.lines(other.mine, ["pull-local", stage.mine, stage.ref])
        try OSTreeCommand.fsck(other.mine)
        try other.expectPulled()

        // Nothing that was pulled looks unreachable, and what a later commit replaces is pruned.
        let before = try OSTreeCommand.listObjects(stage.mine)
        try OSTreeCommand.lines(stage.mine, ["prune", "--refs-only"])
        #expect(try OSTreeCommand.listObjects(stage.mine) == before)

        let newer = try stage.commitMore("more")
        try OSTreeCommand.addRemote(
            stage.mine, "cache", url: server.http2URL, options: ["--set=tls-ca-path=\(server.caFile)"]
        )
        try OSTreeCommand.pull(stage.mine, remote: "cache", refs: [stage.ref])
        try OSTreeCommand.fsck(stage.mine)
        #expect(try OSTreeCommand.revParse(stage.mine, "cache:\(stage.ref)") == newer)
        #expect(try OSTreeCommand.revParse(stage.mine, stage.ref) == stage.first)

        try stage.pullWell(from: server.http2URL, ["--ca", server.caFile])
        try stage.expectPulled()
        try OSTreeCommand.lines(stage.mine, ["prune", "--refs-only"])
        try OSTreeCommand.fsck(stage.mine)
        #expect(
            try !OSTreeCommand.listObjects(stage.mine).contains("\(stage.first).commit"))
    }

    @Test func `A repository that ostree pulled only in part is completed`() throws {
        let stage = try Stage.plain()
        let server = try WebServer(directory: stage.cache)
        try OSTreeCommand.addRemote(stage.mine, "cache", url: server.plainURL)
        try OSTreeCommand.pull(
            stage.mine, remote: "cache", refs: [stage.ref], options: ["--commit-metadata-only"])
        #expect(throws: (any Error).self) { try OSTreeCommand.fsck(stage.mine) }
        try stage.pullWell(from: server.plainURL)
        try stage.expectPulled()
    }

    @Test func `A remote that ostree has recorded is known by its name`() throws {
        let stage = try Stage.plain()
        let server = try WebServer(directory: stage.cache)
        try OSTreeCommand.addRemote(stage.mine, "cache", url: server.http1URL)
        try stage.pullWell(from: "cache", ["--ca", server.caFile])
        try stage.expectPulled()
        let errors = try stage.pullBadly(from: "stranger")
        #expect(errors.contains("there is no remote 'stranger'"))
    }

    @Test func `Two pulls at the same time into one repository both succeed`() throws {
        let stage = try Stage.large(300)
        let server = try FaultyWebServer(directory: stage.cache)
        let clients = try (0..<2).map { _ in
            try stage.start(stage.pulling(from: server.url))
        }
        for client in clients { try client.finish().checked() }
        try OSTreeCommand.fsck(stage.mine)
        try stage.expectPulled()
    }
}
