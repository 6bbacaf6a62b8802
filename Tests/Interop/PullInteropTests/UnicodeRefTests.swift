// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct UnicodeRefTests {
    /// The last two are equal to Swift, and not to anybody else.
    private static let names = ["é/x", "日本/語/1", "proj/K", "proj/\u{212a}"]

    @Test func `Refs in letters of any script are pushed, listed, counted, pulled and deleted`() throws {
        let stage = try Stage.plain()
        let other = stage.directory.path("other")
        try OSTreeCommand.initRepo(other, mode: .archive)
        for name in Self.names {
            try OSTreeCommand.lines(stage.cache, ["refs", "--create=\(name)", stage.ref])
        }
        let all = (Self.names + [stage.ref]).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        func artifact(_ words: [String]) throws -> ProcessResult { try stage.artifact(words).checked() }
        func lines(_ result: ProcessResult) -> [[UInt8]] { result.lines.map { Array($0.utf8) } }
        let wanted = all.map { Array($0.utf8) }

        _ = try artifact(["push", "--repo", stage.cache, "--remote", other, "--all"])
        _ = try artifact(["repo", "summary", "--repo", other])
        #expect(try lines(artifact(["list", "--remote", other])) == wanted)
        #expect(try OSTreeCommand.refs(other).count == all.count)
        let table = try artifact(["repo", "stats", "--repo", other]).text
        #expect(table.contains("日本") && table.contains("é"))

        let server = try WebServer(directory: other)
        try stage.pullWell(Self.names, from: server.http2URL, ["--ca", server.caFile])
        for name in Self.names {
            #expect(try OSTreeCommand.revParse(stage.mine, name) == stage.first)
        }
        #expect(try OSTreeCommand.refs(stage.mine).count == Self.names.count)

        _ = try artifact(
            ["delete", "--remote", other, "proj/\u{212a}", "é/x"] + Stage.receiver(["--allow-delete"]))
        #expect(try OSTreeCommand.refs(other).count == all.count - 2)
        #expect(try lines(artifact(["list", "--remote", other])).contains(Array("proj/K".utf8)))
    }
}
