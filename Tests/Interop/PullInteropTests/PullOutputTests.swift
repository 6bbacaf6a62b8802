// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct PullOutputTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    @Test func `Plain lines say what became of each ref, and a last one how much was fetched`() throws {
        let server = try WebServer(directory: stage.cache)
        let result = try stage.pullWell(from: server.http2URL, ["--ca", server.caFile])
        let objects = try OSTreeCommand.listObjects(stage.cache)
        let bytes = try server.requests(atLeast: objects.count)
            .filter { $0.path.hasPrefix("/objects/") && $0.status == 200 }.reduce(0) { $0 + $1.bytes }
        #expect(bytes < 1024)
        #expect(result.lines.count == 2)
        #expect(result.lines.first == "\(stage.ref): new, at \(stage.first)")
        let summary = /pulled (\d+) objects, (\d+) B in \d+\.\d s from (.*)/
        let match = try #require(result.lines.last?.wholeMatch(of: summary))
        #expect(match.1 == "\(objects.count)")
        #expect(match.2 == "\(bytes)")
        #expect(match.3 == server.http2URL)
        #expect(result.errorText.isEmpty)
        #expect(!result.text.contains("\u{1b}") && !result.text.contains("\r"))
    }

    @Test func `Quiet says nothing but errors`() throws {
        let result = try stage.pullWell(from: stage.cache, ["-q"])
        #expect(result.text.isEmpty && result.errorText.isEmpty)
        try stage.expectPulled()
        #expect(try stage.pullBadly(["unknown"], from: stage.cache, ["--quiet"]).hasPrefix("Error: "))
    }

    @Test func `A terminal shows progress on two lines that fit, and is clean afterwards`() throws {
        let command = try [Programs.artifact()] + stage.pulling(from: stage.cache)
        let text = try Terminal.run(command, columns: 60, environment: stage.environment)
        let shown = text.components(separatedBy: "\r\u{1b}[J").dropFirst()
        #expect(shown.count >= 2)
        let lines = try #require(shown.first).components(separatedBy: "\r\n")
        #expect(lines.first == String("pulling from \(stage.cache)".prefix(59)))
        #expect(lines.count == 2 && lines[1].contains(" object"))
        #expect(lines.allSatisfy { $0.count <= 59 })
        let rest = try #require(shown.last).components(separatedBy: "\r\n")
        #expect(rest.count == 3)
        #expect(rest[0] == "\(stage.ref): new, at \(stage.first)")
        #expect(rest[1].hasPrefix("pulled "))
        try stage.expectPulled()
    }

    @Test func `Quiet shows no progress on a terminal either`() throws {
        let command = try [Programs.artifact()] + stage.pulling(from: stage.cache, ["-q"])
        #expect(try Terminal.run(command, columns: 60, environment: stage.environment) == "")
        try stage.expectPulled()
    }

    @Test func `A standard output that nobody reads any more does not spoil the repository`() throws {
        let command = shellWords(try [Programs.artifact()] + stage.pulling(from: stage.cache))
        _ = try stage.run(["sh", "-c", "\(command) | :"])
        try OSTreeCommand.fsck(stage.mine)
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }
}
