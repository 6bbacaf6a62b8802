// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Requests for many objects at once.
@Suite struct ManyObjectsTests {
    /// Posts a body with curl.
    private func post(_ body: [UInt8], to path: String, at server: CacheServer) throws -> WebAnswer {
        let file = server.stage.directory.path("body")
        try Data(body).write(to: URL(filePath: file))
        return try server.get(path, "--data-binary", "@\(file)", "-H", "Expect:")
    }

    private func want(_ count: Int, type: UInt8 = 1) -> [UInt8] {
        let names = (0..<count).flatMap { _ in [type] + [UInt8](repeating: 7, count: 32) }
        return [0x6c, 1, 5, UInt8(names.count & 255), UInt8(names.count >> 8)] + names
    }

    @Test func `The configuration and refs say that they are answered, and nothing else does`() throws {
        let server = try CacheServer()
        #expect(try server.get("/config").headers["artifact-objects"] == "1")
        #expect(try server.get("/refs/heads/\(CacheServer.ref)").headers["artifact-objects"] == "1")
        #expect(try server.get("/refs/heads/no/such/ref").headers["artifact-objects"] == nil)
        #expect(try server.get("/summary").headers["artifact-objects"] == nil)
    }

    @Test func `What is not here is absent, and everything else is refused`() throws {
        let server = try CacheServer()
        let answer = try post(want(2), to: "/objects", at: server)
        #expect(answer.status == 200 && answer.headers["cache-control"] == "no-store")
        let absent: [UInt8] =
            [0x6c, 1, 6, 41, 0, 1] + [UInt8](repeating: 7, count: 32) + [UInt8](repeating: 255, count: 8)
        #expect(answer.body == absent + absent)
        #expect(try post(want(1024), to: "/objects", at: server).status == 200)
        for body in [[], [1, 2, 3], want(1) + [0], Array(want(2).dropLast()), want(1, type: 5)] as [[UInt8]] {
            #expect(try post(body, to: "/objects", at: server).status == 400, "\(body.prefix(10))")
        }
        #expect(
            try post(want(1) + [UInt8](repeating: 0, count: 50_000), to: "/objects", at: server).status == 413
        )
        #expect(try post(want(1), to: "/config", at: server).status == 405)
        #expect(try post(want(1), to: "/objects/", at: server).status == 405)
        #expect(try server.get("/objects").status == 404)
        #expect(try server.get("/healthz").text == "ok\n")
    }

    @Test(arguments: ["project/element/1", "project/element/2"])
    func `A change below sixty directories comes with its commit, also that of a ref beside it`(ref: String)
        throws
    {
        let place = try TemporaryDirectory()
        let log = place.path("access.log")
        let server = try CacheServer(["--http", "--access-log", log])
        let path = (0..<60).map { "d\($0)" }.joined(separator: "/")
        let mine = server.stage.directory.path("other")
        try OSTreeCommand.initRepo(mine, mode: .bareUser)
        func pull(_ ref: String, _ content: String) throws -> ProcessResult {
            try server.stage.directory.file("tree/\(path)/file", content)
            try OSTreeCommand.commit(
                server.stage.cache, tree: server.stage.directory.path("tree"), refs: [ref], parent: "none",
                options: ["--fsync=false"])
            return try run([
                try Programs.artifact(), "pull", "--repo", mine, "--remote", server.url, ref,
            ]).checked()
        }
        _ = try pull("project/element/1", "deep\n")
        let result = try pull(ref, "changed\n")
        #expect(result.lines.last?.hasPrefix("pulled 63 objects") == true, "\(result.text)")
        #expect(try eventually { try text(ofFile: log).contains("POST /objects?commit=") })
        let lines = try text(ofFile: log).split(separator: "\n")
        let start = try #require(lines.lastIndex { $0.contains("GET /refs/heads/\(ref) ") })
        // Behind it comes everything else, and the configuration is not asked for.
        #expect(lines.count - start == 2, "\(lines[start...])")
        #expect(!lines.contains { $0.contains("GET /config ") }, "\(lines)")
    }

    @Test(arguments: [["--http"], []])
    func `A pull makes few requests, and one for each large file`(options: [String]) throws {
        let place = try TemporaryDirectory()
        let log = place.path("access.log")
        let server = try CacheServer(options + ["--access-log", log]) { stage in
            for number in 0..<300 {
                try stage.directory.file("tree/\(number % 20)/\(number)", "\(number)\n")
            }
            var noise = SystemRandomNumberGenerator()
            let bytes = (0..<(9 << 17)).map { _ in noise.next() }
            try bytes.withUnsafeBytes {
                try Data($0).write(to: URL(filePath: stage.directory.path("tree/large")))
            }
            try OSTreeCommand.commit(
                stage.cache, tree: stage.directory.path("tree"), refs: ["a/b/c"], options: ["--fsync=false"])
        }
        let mine = server.stage.directory.path("other")
        try OSTreeCommand.initRepo(mine, mode: .bareUser)
        let trust = options.isEmpty ? ["--ca", server.certificate] : []
        func pull() throws {
            try run(
                [try Programs.artifact(), "pull", "--repo", mine, "--remote", server.url] + trust + ["a/b/c"]
            ).checked()
            try OSTreeCommand.fsck(mine)
        }
        try pull()
        try server.stage.directory.file("tree/7/7", "changed\n")
        try OSTreeCommand.commit(
            server.stage.cache, tree: server.stage.directory.path("tree"), refs: ["a/b/c"],
            options: ["--fsync=false"])
        try pull()
        #expect(try eventually { try text(ofFile: log).contains(".filez") })
        let lines = try text(ofFile: log).split(separator: "\n")
        #expect(lines.count { $0.contains("GET /objects") && $0.contains(".filez") } == 1)
        let batches = lines.count { $0.contains("POST /objects") }
        #expect((2...10).contains(batches), "\(lines)")
    }
}
