// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct OutputTests {
    private let cache: Cache
    private let builder: Builder

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
    }

    @Test func `Plain lines say what became of each ref, and a last one how much was fetched`() throws {
        let server = try WebServer(folder: cache.repository)
        let result = try builder.pullWell([cache.ref], from: server.http2URL, ["--ca", server.caFile])
        let objects = try OSTreeCommand.listObjects(cache.repository)
        let bytes = try server.requests(atLeast: objects.count)
            .filter { $0.path.hasPrefix("/objects/") && $0.status == 200 }.reduce(0) { $0 + $1.bytes }
        #expect(bytes < 1024)
        #expect(result.lines.count == 2)
        #expect(result.lines.first == "\(cache.ref): new, at \(cache.commit)")
        let summary = /pulled (\d+) objects, (\d+) B in \d+\.\d s from (.*)/
        let match = try #require(result.lines.last?.wholeMatch(of: summary))
        #expect(match.1 == "\(objects.count)")
        #expect(match.2 == "\(bytes)")
        #expect(match.3 == server.http2URL)
        #expect(result.errorText.isEmpty)
        #expect(!result.text.contains("\u{1b}") && !result.text.contains("\r"))
    }

    @Test func `Quiet says nothing but errors`() throws {
        let result = try builder.pullWell([cache.ref], from: cache.repository, ["-q"])
        #expect(result.text.isEmpty && result.errorText.isEmpty)
        try builder.expectHas(cache)
        #expect(try builder.pullBadly(["unknown"], from: cache.repository, ["--quiet"]).hasPrefix("Error: "))
    }

    @Test func `A terminal shows progress on two lines that fit, and is clean afterwards`() throws {
        let command = try builder.pullCommand([cache.ref], from: cache.repository)
        let text = try Terminal.run(command, columns: 60, environment: builder.environment)
        let shown = text.components(separatedBy: "\r\u{1b}[J").dropFirst()
        #expect(shown.count >= 2)
        let lines = try #require(shown.first).components(separatedBy: "\r\n")
        #expect(lines.first == String("pulling from \(cache.repository)".prefix(59)))
        #expect(lines.count == 2 && lines[1].contains(" object"))
        #expect(lines.allSatisfy { $0.count <= 59 })
        let rest = try #require(shown.last).components(separatedBy: "\r\n")
        #expect(rest.count == 3)
        #expect(rest[0] == "\(cache.ref): new, at \(cache.commit)")
        #expect(rest[1].hasPrefix("pulled "))
        try builder.expectHas(cache)
    }

    @Test func `Quiet shows no progress on a terminal either`() throws {
        let command = try builder.pullCommand([cache.ref], from: cache.repository, ["-q"])
        #expect(try Terminal.run(command, columns: 60, environment: builder.environment) == "")
        try builder.expectHas(cache)
    }

    @Test func `A standard output that nobody reads any more does not spoil the repository`() throws {
        let command = try builder.pullCommand([cache.ref], from: cache.repository)
            .map { "'\($0)'" }.joined(separator: " ")
        _ = try run(["sh", "-c", "\(command) | :"], environment: builder.environment)
        try OSTreeCommand.fsck(builder.repository)
        try builder.pullWell([cache.ref], from: cache.repository)
        try builder.expectHas(cache)
    }
}
