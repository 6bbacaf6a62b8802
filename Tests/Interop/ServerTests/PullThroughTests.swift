// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct PullThroughTests {
    private func pull(_ server: CacheServer, into repository: String) throws {
        try run([
            try Programs.artifact(), "pull", "--repo", repository, "--remote", server.url, "--ca",
            server.certificate, CacheServer.ref,
        ]).checked()
        try OSTreeCommand.fsck(repository)
    }

    @Test func `bst-artifact and ostree pull through it, over TLS`() throws {
        let server = try CacheServer([])
        let ours = server.stage.directory.path("ours")
        try OSTreeCommand.initRepo(ours, mode: .bareUser)
        try pull(server, into: ours)
        let commit = try OSTreeCommand.revParse(server.stage.cache, CacheServer.ref)
        #expect(try OSTreeCommand.revParse(ours, CacheServer.ref) == commit)

        let theirs = server.stage.directory.path("theirs")
        try OSTreeCommand.initRepo(theirs, mode: .bareUser)
        try OSTreeCommand.addRemote(
            theirs, "cache", url: server.url, options: ["--set=tls-ca-path=\(server.certificate)"])
        try OSTreeCommand.pull(theirs, remote: "cache", refs: [CacheServer.ref])
        try OSTreeCommand.fsck(theirs)
        #expect(try OSTreeCommand.revParse(theirs, "cache:\(CacheServer.ref)") == commit)

        let listed = try run([
            try Programs.artifact(), "list", "--remote", server.url, "--ca", server.certificate,
        ]).checked()
        #expect(listed.lines == [CacheServer.ref])
    }

    @Test func `ostree pulls a static delta through it`() throws {
        let server = try CacheServer { stage in
            try stage.commit(CacheServer.ref, text: "other\n", in: stage.cache)
            try OSTreeCommand.lines(
                stage.cache, ["static-delta", "generate", "--empty", "--to=\(CacheServer.ref)"])
            try OSTreeCommand.lines(stage.cache, ["summary", "--update"])
        }
        let theirs = server.stage.directory.path("theirs")
        try OSTreeCommand.initRepo(theirs, mode: .bareUser)
        try OSTreeCommand.addRemote(theirs, "cache", url: server.url)
        try OSTreeCommand.pull(
            theirs, remote: "cache", refs: [CacheServer.ref], options: ["--require-static-deltas"])
        try OSTreeCommand.fsck(theirs)
    }

    @Test func `What was pulled counts as used, by ref or by commit, at the latest when the server stops`()
        throws
    {
        let refs = ["a/asked/1", "a/commit/1", "a/headed/1", "a/idle/1"]
        let server = try CacheServer { stage in
            for ref in refs {
                try stage.commit(ref, text: ref, in: stage.cache)
                try run(["touch", "-d", "2 days ago", "\(stage.cache)/refs/heads/\(ref)"]).checked()
            }
        }
        #expect(try server.get("/refs/heads/\(refs[0])").status == 200)
        let commit = try OSTreeCommand.revParse(server.stage.cache, refs[1])
        #expect(try server.get("/objects/\(commit.prefix(2))/\(commit.dropFirst(2)).commit").status == 200)
        // Who only looks whether it is there has not pulled it.
        #expect(try server.get("/refs/heads/\(refs[2])", "-I").status == 200)
        #expect(try server.get("/refs/heads/a/missing/1").status == 404)
        #expect(try server.stop() == .exited(0))
        let used = try refs.map { ref in
            let attributes = try FileManager.default.attributesOfItem(
                atPath: "\(server.stage.cache)/refs/heads/\(ref)")
            let time = try #require(attributes[.modificationDate] as? Date)
            return time > Date(timeIntervalSinceNow: -3600)
        }
        #expect(used == [true, true, false, false])
    }

    @Test func `The access log is one that expiry reads, whatever clients say`() throws {
        let log = try TemporaryDirectory()
        let server = try CacheServer(["--http", "--access-log", log.path("access.log")])
        #expect(try server.get("/refs/heads/\(CacheServer.ref)", "-A", "a \"quoted\" agent").status == 200)
        let client = try RawClient(port: server.port)
        #expect(client.status(of: "GET /x\" HTTP/1.1\r\nHost: a\r\nUser-Agent: b\u{1}\\\r\n\r\n") == 404)
        #expect(try server.stop() == .exited(0))
        // Threads of their own have answered the two.
        let lines = try String(contentsOfFile: log.path("access.log"), encoding: .utf8)
            .components(separatedBy: "\n").dropLast().sorted { $0.count > $1.count }
        #expect(lines.count == 2)
        #expect(
            lines[0].hasSuffix(
                "\"GET /refs/heads/\(CacheServer.ref) HTTP/1.1\" 200 65 \"-\" \"a \\x22quoted\\x22 agent\""))
        #expect(lines[0].hasPrefix("127.0.0.1 - - ["))
        #expect(lines[1].contains("\"GET /x\\x22 HTTP/1.1\" 404 "))
        let noted = try run([
            try Programs.artifact(), "repo", "expire", "--repo", server.stage.cache, "--access-log",
            log.path("access.log"),
        ]).checked()
        #expect(noted.text.contains("1 pull noted"))
    }
}
