// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import Testing

/// An access log.
@Suite struct AccessLogTests {
    private static let commit = String(repeating: "ab", count: 32)
    /// 22 November 2025, 16:05:46 UTC.
    private static let moment = 1_763_827_546

    private static func line(
        _ request: String, status: String = "200", user: String = "-",
        time: String = "22/Nov/2025:17:05:46 +0100"
    ) -> Substring {
        "192.0.2.1 - \(user) [\(time)] \"\(request)\" \(status) 65"
    }

    @Test(arguments: [
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1"),
        line("GET /cache/refs/heads/p/e/1 HTTP/2.0") + " \"-\" \"bst-artifact/1.0 [x]\"",
        line("GET https://example.com/cache/refs/heads/p/e/1?x=/refs/heads/y HTTP/1.1"),
        line("GET /cache/refs/heads/p%2Fe%2f1 HTTP/1.1"),
        line("GET /refs/heads/refs/heads/p/e/1 HTTP/1.1"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", status: "304"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", status: "206"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", time: "22/Nov/2025:16:05:46 +0000"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", time: "22/Nov/2025:09:35:46 -0630"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", time: "23/Nov/2025:05:50:46 +1345"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", user: "[01/Jan/1999:00:00:00 +0000] x"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", user: "[01/Jan/-2147483648:00:00:00 +0000]"),
    ])
    func `An access log tells of a pulled ref, whatever its form`(line: Substring) throws {
        let use = try #require(AccessLog.use(in: line))
        #expect(use.use == .ref(.named("p/e/1")))
        #expect(use.time == Self.moment)
    }

    @Test func `An access log tells of a pulled commit`() throws {
        let commit = try #require(Checksum(hex: Self.commit))
        let path = "/cache/objects/\(Self.commit.prefix(2))/\(Self.commit.dropFirst(2)).commit"
        let use = try #require(AccessLog.use(in: Self.line("GET \(path) HTTP/1.1")))
        #expect(use.use == .commit(commit) && use.time == Self.moment)
    }

    @Test(arguments: [
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", status: "404"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", status: "301"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", status: "200x"),
        line("HEAD /cache/refs/heads/p/e/1 HTTP/1.1"), line("POST /cache/refs/heads/p/e/1 HTTP/1.1"),
        line("GET /cache/refs/heads/../../x HTTP/1.1"), line("GET /cache/refs/heads/ HTTP/1.1"),
        line("GET /cache/refs/heads/%2e%2e/x HTTP/1.1"), line("GET /cache/refs/heads/p%+fe HTTP/1.1"),
        line("GET /cache/refs/heads/a%zz HTTP/1.1"), line("GET /cache/refs/heads/a% HTTP/1.1"),
        line("GET /cache/objects/ab/cd.commit HTTP/1.1"), line("GET /cache/summary HTTP/1.1"),
        line("GET /cache/objects/\(commit.prefix(2))/\(commit.dropFirst(2)).dirtree HTTP/1.1"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", time: "22/Nov/-2147483648:17:05:46 +0100"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", time: "22/Nov/2025:17:05:46 +9223372036854775807"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", time: "22/Nix/2025:17:05:46 +0100"),
        line("GET /cache/refs/heads/p/e/1 HTTP/1.1", time: "99/Nov/2025:17:05:46 +0100"),
        line("GET"), line(""), "", "\"", "[", "]", "[]\"\"", "[] \"\" ", "\u{fffd}\u{0}", "\" \" 200",
        "GET /refs/heads/x 200",
    ])
    func `An access log tells of nothing else`(line: Substring) {
        #expect(AccessLog.use(in: line) == nil)
    }

    @Test func `An access log renews what was pulled, and nothing is used in the future`() throws {
        let scratch = try TemporaryDirectory()
        let repository = try scratch.repository(.archive)
        let old = 1_000_000_000
        let artifacts = (1...3).map { SampleArtifact("\($0)", files: $0...$0) }
        for (ref, artifact) in zip(["byname", "bycommit", "unused"], artifacts) {
            try repository.push(artifact, as: ref, usedBefore: 0)
            try FileTime(seconds: old).set("\(repository.path)/refs/heads/\(ref)")
        }
        try repository.push(artifacts[1], as: "future", usedBefore: 5000)
        let hex = artifacts[1].checksum.hex
        let lines: [Substring] = [
            Self.line("GET /refs/heads/byname HTTP/1.1"),
            Self.line("GET /refs/heads/byname HTTP/1.1", time: "22/Nov/2024:17:05:46 +0100"),
            Self.line("GET /objects/\(hex.prefix(2))/\(hex.dropFirst(2)).commit HTTP/1.1"),
            Self.line("GET /refs/heads/future HTTP/1.1", time: "22/Nov/9999:17:05:46 +0100"),
            Self.line("GET /refs/heads/unknown HTTP/1.1"), "garbage",
            Substring(String(repeating: "x", count: 200_000)),
            Self.line("GET /refs/heads/unused HTTP/1.1", status: "404"),
        ]
        let log = "\(scratch.path)/access.log"
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: log))
        #expect(try repository.recordAccesses(fromLog: log) == 4)
        func use(_ ref: String) -> Int { FileTime(of: "\(repository.path)/refs/heads/\(ref)").seconds }
        #expect(use("byname") == Self.moment && use("bycommit") == Self.moment)
        #expect(use("unused") == old, "who asks in vain uses nothing")
        #expect(abs(use("future") - Int(Date().timeIntervalSince1970)) < 60)
        // What is known to be used later stays so.
        try FileTime(seconds: Self.moment + 5).set("\(repository.path)/refs/heads/byname")
        _ = try repository.recordAccesses(fromLog: log)
        #expect(use("byname") == Self.moment + 5)
    }
}
