// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct ContinuedUseTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .bareUserOnly, .archive])
    func `ostree goes on working with a repository that was pulled into`(mode: OSTreeCommand.Mode) throws {
        let cache = try Cache.plain()
        let server = try WebServer(folder: cache.repository)
        let builder = try Builder(mode: mode)
        try builder.pullWell([cache.ref], from: server.http2URL, ["--ca", server.caFile])

        let log = try OSTreeCommand.lines(builder.repository, ["log", cache.ref])
        #expect(log.first == "commit \(cache.commit)")

        let other = try Builder(mode: mode)
        try OSTreeCommand.lines(other.repository, ["pull-local", builder.repository, cache.ref])
        try OSTreeCommand.fsck(other.repository)
        try other.expectHas(cache)

        // Nothing that was pulled looks unreachable, and what a later commit replaces is pruned.
        let before = try OSTreeCommand.listObjects(builder.repository)
        try OSTreeCommand.lines(builder.repository, ["prune", "--refs-only"])
        #expect(try OSTreeCommand.listObjects(builder.repository) == before)

        let newer = try cache.commitMore("more")
        try OSTreeCommand.addRemote(
            builder.repository, "cache", url: server.http2URL, options: ["--set=tls-ca-path=\(server.caFile)"]
        )
        try OSTreeCommand.pull(builder.repository, remote: "cache", refs: [cache.ref])
        try OSTreeCommand.fsck(builder.repository)
        #expect(try OSTreeCommand.revParse(builder.repository, "cache:\(cache.ref)") == newer)
        #expect(try OSTreeCommand.revParse(builder.repository, cache.ref) == cache.commit)

        try builder.pullWell([cache.ref], from: server.http2URL, ["--ca", server.caFile])
        try builder.expectHas(cache)
        try OSTreeCommand.lines(builder.repository, ["prune", "--refs-only"])
        try OSTreeCommand.fsck(builder.repository)
        #expect(
            try !OSTreeCommand.listObjects(builder.repository).contains("\(cache.commit).commit"))
    }

    @Test func `A repository that ostree pulled only in part is completed`() throws {
        let cache = try Cache.plain()
        let server = try WebServer(folder: cache.repository)
        let builder = try Builder()
        try OSTreeCommand.addRemote(builder.repository, "cache", url: server.plainURL)
        try OSTreeCommand.pull(
            builder.repository, remote: "cache", refs: [cache.ref], options: ["--commit-metadata-only"])
        #expect(throws: (any Error).self) { try OSTreeCommand.fsck(builder.repository) }
        try builder.pullWell([cache.ref], from: server.plainURL)
        try builder.expectHas(cache)
    }

    @Test func `A remote that ostree has recorded is known by its name`() throws {
        let cache = try Cache.plain()
        let server = try WebServer(folder: cache.repository)
        let builder = try Builder()
        try OSTreeCommand.addRemote(builder.repository, "cache", url: server.http1URL)
        try builder.pullWell([cache.ref], from: "cache", ["--ca", server.caFile])
        try builder.expectHas(cache)
        let errors = try builder.pullBadly([cache.ref], from: "stranger")
        #expect(errors.contains("there is no remote 'stranger'"))
    }

    @Test func `Two pulls at the same time into one repository both succeed`() throws {
        let cache = try Cache.large(300)
        let server = try FaultyWebServer(folder: cache.repository)
        let builder = try Builder()
        let clients = try (0..<2).map { _ in
            try RunningProcess(
                builder.pullCommand([cache.ref], from: server.url), environment: builder.environment)
        }
        for client in clients { try client.finish().checked() }
        try OSTreeCommand.fsck(builder.repository)
        try builder.expectHas(cache)
    }
}
