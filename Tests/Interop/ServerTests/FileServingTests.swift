// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct FileServingTests {
    @Test func `Objects come whole, in part or not at all, and are kept for good`() throws {
        for options in [["--http"], []] {
            let noise = SampleTree.noise(count: 200_000, seed: 7)
            let server = try CacheServer(options) { try $0.commit(["hello/large/1"], noise, in: $0.cache) }
            let names = try OSTreeCommand.listObjects(server.stage.cache).filter { $0.hasSuffix(".filez") }
            for name in names {
                let path = "/objects/\(name.prefix(2))/\(name.dropFirst(2))"
                let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: server.stage.cache + path)))
                let whole = try server.get(path)
                #expect(whole.status == 200 && whole.body == bytes)
                #expect(whole.headers["content-length"] == "\(bytes.count)")
                #expect(whole.headers["cache-control"] == "public, max-age=31536000, immutable")
                let tag = try #require(whole.headers["etag"])
                let same = try server.get(path, "-H", "If-None-Match: \(tag)")
                #expect(same.status == 304 && same.body.isEmpty && same.headers["etag"] == tag)
                let part = try server.get(path, "-H", "Range: bytes=10-", "-H", "If-Range: \(tag)")
                #expect(part.status == 206 && part.body == Array(bytes[10...]))
                #expect(part.headers["content-range"] == "bytes 10-\(bytes.count - 1)/\(bytes.count)")
                let end = try server.get(path, "-H", "Range: bytes=-3")
                #expect(end.status == 206 && end.body == Array(bytes.suffix(3)))
                let behind = try server.get(path, "-H", "Range: bytes=\(bytes.count)-")
                #expect(behind.status == 416 && behind.headers["content-range"] == "bytes */\(bytes.count)")
                let head = try server.get(path, "-I")
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(head.headers["content-length"] == "\(bytes.count)")
            }
            let commit = try OSTreeCommand.revParse(server.stage.cache, CacheServer.ref)
            let path = "/objects/\(commit.prefix(2))/\(commit.dropFirst(2)).commit"
            #expect(try server.get(path).headers["etag"] == "\"\(commit)\"")
        }
    }

    @Test func `A ref is tagged with its commit, whenever it was used, and asked for again`() throws {
        let server = try CacheServer()
        let path = "/refs/heads/\(CacheServer.ref)"
        let commit = try OSTreeCommand.revParse(server.stage.cache, CacheServer.ref)
        let first = try server.get(path)
        #expect(first.text == "\(commit)\n" && first.headers["etag"] == "\"\(commit)\"")
        #expect(first.headers["cache-control"] == "no-cache" && first.headers["last-modified"] == nil)
        try run(["touch", server.stage.cache + path]).checked()
        #expect(try server.get(path, "-H", "If-None-Match: \"\(commit)\"").status == 304)
        let moved = try server.stage.commit(CacheServer.ref, text: "more\n", in: server.stage.cache)
        #expect(try server.get(path, "-H", "If-None-Match: \"\(commit)\"").text == "\(moved)\n")
    }

    @Test func `A new summary has another tag`() throws {
        let server = try CacheServer()
        let tag = try #require(try server.get("/summary").headers["etag"])
        #expect(try server.get("/summary", "-H", "If-None-Match: \(tag)").status == 304)
        try server.stage.commit("hello/more/1", text: "more\n", in: server.stage.cache)
        try OSTreeCommand.lines(server.stage.cache, ["summary", "--update"])
        let after = try server.get("/summary", "-H", "If-None-Match: \(tag)")
        #expect(after.status == 200 && after.headers["etag"] != tag)
    }

    @Test func `Nothing but what a puller needs is served, however it is spelt`() throws {
        let server = try CacheServer { stage in
            try stage.directory.file("secret", "secret\n")
            try stage.directory.file("cache/tmp/secret", "secret\n")
            try stage.directory.file("cache/state/secret", "secret\n")
            try stage.directory.file("cache/refs/secret", "secret\n")
            // Links that lead out, and one that leads to something else within.
            let heads = "\(stage.cache)/refs/heads"
            for (link, target) in [
                ("out", "../../../secret"), ("root", "/etc/hostname"), ("in", "../secret"),
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(heads)/\(link)", withDestinationPath: target)
            }
            try FileManager.default.createSymbolicLink(
                atPath: "\(stage.cache)/summary.sig", withDestinationPath: "../secret")
            // Reading it would wait for a writer.
            try run(["mkfifo", "\(heads)/pipe"]).checked()
        }
        for path in [
            "/../secret", "/..%2fsecret", "/%2e%2e/secret", "/%2e%2e%2fsecret", "/refs/heads/../../../secret",
            "/refs/heads/..%2f..%2f..%2fsecret", "/refs/heads/%2e%2e/%2e%2e/config",
            "/refs/heads/%252e%252e/x",
            "/config%00", "/config%00.html", "/./config", "//config", "/config/", "/config/../config",
            "/refs/heads/..\\..\\config", "/tmp/secret", "/state/secret", "/tmp/", "/tmp", "/state/",
            "/objects/",
            "/objects", "/refs/heads/", "/refs/heads/hello", "/refs/heads/hello/", "/refs/secret", "/.lock",
            "/refs/heads/out", "/refs/heads/root", "/refs/heads/in", "/refs/heads/pipe", "/summary.sig",
            "/etc/passwd", "/%c0%ae%c0%ae/secret", "/objects/..%2f..%2fsecret", "/index.html",
            "/refs/heads/x",
            "/deltas/../config", "/style.css/../config", "/certificate.pem", "/key.pem",
        ] {
            let answer = try server.get(path)
            #expect(answer.status == 404, "\(path)")
            #expect(!answer.text.contains("secret"), "\(path)")
        }
        #expect(try server.get("/config").status == 200)
    }

    @Test func `An alias of a ref is served, a repository of another mode is not`() throws {
        let server = try CacheServer { stage in
            try OSTreeCommand.lines(
                stage.cache, ["refs", "--alias", "--create=hello/base/latest", CacheServer.ref])
        }
        let commit = try OSTreeCommand.revParse(server.stage.cache, CacheServer.ref)
        #expect(try server.get("/refs/heads/hello/base/latest").text == "\(commit)\n")
        let other = server.stage.directory.path("other")
        try OSTreeCommand.initRepo(other, mode: .bareUser)
        let result = try run([try Programs.artifact(), "serve", other, "--http", "--listen", "127.0.0.1:0"])
        #expect(result.status == .exited(1) && result.errorText.contains("only archive repositories"))
    }

    @Test func `Only GET and HEAD are answered, and none with a body`() throws {
        let server = try CacheServer()
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "NONSENSE"] {
            let answer = try server.get("/config", "-X", method)
            #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD", "\(method)")
        }
        #expect(try server.get("/config", "-X", "POST", "-d", "some text").status == 405)
        #expect(try server.get("/config", "-X", "GET", "-d", "some text").status == 400)
    }
}
