// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct SummaryTests {
    @Test func `A ref that is named in full is pulled from a cache without a summary`() throws {
        let stage = try Stage.plain()
        let server = try WebServer(directory: stage.cache)
        try stage.pullWell(from: server.http2URL, ["--ca", server.caFile])
        try stage.expectPulled()
        let requests = try server.requests(atLeast: OSTreeCommand.listObjects(stage.cache).count)
        #expect(!requests.contains { $0.path.hasPrefix("/summary") })
        #expect(requests.contains { $0.path == "/refs/heads/\(stage.ref)" })
    }

    @Test func `A ref that is named in full does not read the summary that is there`() throws {
        let stage = try Stage.plain()
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: server.url)
        #expect(!server.requestedPaths.contains { $0.hasPrefix("/summary") })
    }

    @Test(arguments: [
        (["project/*"], ["project/a/1", "project/a/2", "project/element/key"]),
        (["project/?/1"], ["project/a/1"]),
        (["*/[12]"], ["other/2", "project/a/1", "project/a/2"]),
        (["project/a/*", "other/2"], ["other/2", "project/a/1", "project/a/2"]),
        (["project/a/*", "project/a/1", "*/1"], ["project/a/1", "project/a/2"]),
    ])
    func `Patterns choose refs of the summary, in which an asterisk stands for slashes too`(
        words: [String], refs: [String]
    ) throws {
        let stage = try Stage.plain()
        for ref in ["project/a/1", "project/a/2", "other/2"] { try stage.commitMore(ref, ref: ref) }
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(words, from: server.url)
        #expect(try OSTreeCommand.refs(stage.mine) == refs)
        #expect(server.requestedPaths.contains("/summary"))
    }

    @Test func `A pattern that nothing matches is an unknown ref`() throws {
        let stage = try Stage.plain()
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        let errors = try stage.another().pullBadly(["nothing/*"], from: stage.cache)
        #expect(errors.contains("there is no ref nothing/* at \(stage.cache)"))
    }

    @Test func `Patterns and listings of a cache without a summary fail and say what makes one`() throws {
        let stage = try Stage.plain()
        let server = try WebServer(directory: stage.cache)
        for remote in [server.http2URL, stage.cache, "file://\(stage.cache)"] {
            let stage = try stage.another()
            let errors = try stage.pullBadly(["project/*"], from: remote, ["--ca", server.caFile])
            #expect(errors.contains("\(remote) has no summary"))
            #expect(errors.contains("ostree summary -u"))
            let listing = try stage.list(["--ca", server.caFile], from: remote)
            #expect(listing.failed)
            #expect(listing.text.isEmpty)
            #expect(listing.errorText.contains("\(remote) has no summary"))
        }
    }

    @Test func `What is served as the summary and is none yields no refs`() throws {
        let stage = try Stage.plain()
        let page = Array("<html><body>Please log in, this is a portal</body></html>\n".utf8)
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path == "/summary" ? .replaceBody(page) : nil
        }
        let listing = try stage.list(from: server.url)
        #expect(listing.text.isEmpty)
        #expect(!listing.succeeded, "it must be said that this is no summary")
        _ = try stage.pullBadly(["*"], from: server.url)
    }
}

@Suite struct ListingTests {
    private let stage: Stage
    private let server: WebServer

    init() throws {
        stage = try .plain()
        try stage.commitMore("a", ref: "project/a")
        try stage.commitMore("b", ref: "other/b")
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        server = try WebServer(directory: stage.cache)
    }

    private func list(_ arguments: [String], from remote: String? = nil) throws -> ProcessResult {
        try stage.list(["--ca", server.caFile] + arguments, from: remote ?? server.http2URL)
    }

    @Test func `A listing has each ref of the cache on a line, sorted`() throws {
        let result = try list([]).checked()
        #expect(result.lines == ["other/b", "project/a", "project/element/key"])
        #expect(result.errorText.isEmpty)
        #expect(try list([], from: stage.cache).checked().lines == result.lines)
        #expect(try Set(server.requests(atLeast: 2).map(\.path)) == ["/config", "/summary"])
    }

    @Test(arguments: [
        ("project/*", ["project/a", "project/element/key"]), ("*b", ["other/b"]),
        ("project/a", ["project/a"]), ("nothing*", []),
    ])
    func `A listing can be narrowed with a pattern`(pattern: String, refs: [String]) throws {
        #expect(try list([pattern]).checked().lines == refs)
    }

    @Test func `A long listing has commit, size of the commit object and date as ostree has them`() throws {
        let lines = try list(["--long"]).checked().lines
        #expect(lines.count == 3)
        let told = try OSTreeCommand.lines(stage.cache, ["summary", "-v"]).joined(separator: "\n")
            .replacingOccurrences(of: "\u{a0}", with: " ")
        for (line, ref) in zip(lines, ["other/b", "project/a", stage.ref]) {
            let commit = try OSTreeCommand.revParse(stage.cache, ref)
            let object = stage.cache + ObjectPath.path("\(commit).commit")
            let size = try #require(FileManager.default.attributesOfItem(atPath: object)[.size] as? Int)
            let fields = line.split(separator: " ").map(String.init)
            #expect(fields == [commit, String(size), "B", "2020-02-03", "04:05", ref])
            #expect(
                told.contains(
                    """
                    * \(ref)
                        Latest Commit (\(size) bytes):
                          \(commit)
                        Timestamp (ostree.commit.timestamp): 2020-02-03T04:05:06+00
                    """))
        }
    }

    @Test func `A date is in the user's time zone`() throws {
        let result = try stage.list(["-l", stage.ref], from: stage.cache, environment: ["TZ": "EST5"])
            .checked()
        #expect(result.text.contains("  2020-02-02 23:05  \(stage.ref)\n"))
    }
}
