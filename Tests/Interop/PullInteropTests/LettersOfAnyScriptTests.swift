// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct LettersOfAnyScriptTests {
    /// The last two are equal to Swift, and not to anybody else.
    private static let names = ["é/x", "日本/語/1", "proj/K", "proj/\u{212a}"]

    @Test func `Refs in letters of any script are pushed, listed, counted, pulled and deleted`() throws {
        let cache = try Cache.plain()
        let scratch = try TemporaryDirectory()
        let other = scratch.path("other")
        try OSTreeCommand.initRepo(other, mode: .archive)
        for name in Self.names {
            try OSTreeCommand.lines(cache.repository, ["refs", "--create=\(name)", cache.ref])
        }
        let all = (Self.names + [cache.ref]).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        func artifact(_ words: [String]) throws -> ProcessResult {
            try run([try Programs.artifact()] + words).checked()
        }
        func lines(_ result: ProcessResult) -> [[UInt8]] { result.lines.map { Array($0.utf8) } }
        let wanted = all.map { Array($0.utf8) }

        _ = try artifact(["push", "--repo", cache.repository, "--remote", other, "--all"])
        _ = try artifact(["repo", "summary", "--repo", other])
        #expect(try lines(artifact(["list", "--remote", other])) == wanted)
        #expect(try OSTreeCommand.refs(other).count == all.count)
        let table = try artifact(["repo", "stats", "--repo", other]).text
        #expect(table.contains("日本") && table.contains("é"))

        let server = try WebServer(folder: other)
        let builder = try Builder()
        try builder.pullWell(Self.names, from: server.http2URL, ["--ca", server.caFile])
        for name in Self.names {
            #expect(try OSTreeCommand.revParse(builder.repository, name) == cache.commit)
        }
        #expect(try OSTreeCommand.refs(builder.repository).count == Self.names.count)

        try scratch.file("receiver", "#!/bin/sh\nexec \(Programs.receiver()) --allow-delete \"$@\"\n")
        chmod(scratch.path("receiver"), 0o755)
        _ = try artifact(
            ["delete", "--remote", other, "--receiver", scratch.path("receiver"), "proj/\u{212a}", "é/x"])
        #expect(try OSTreeCommand.refs(other).count == all.count - 2)
        #expect(try lines(artifact(["list", "--remote", other])).contains(Array("proj/K".utf8)))
    }
}
