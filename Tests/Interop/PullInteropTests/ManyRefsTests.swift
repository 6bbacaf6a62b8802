// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A cache with very many refs.
@Suite struct ManyRefsTests {
    private static let refCount = 100_000

    private static func refName(_ number: Int) -> String {
        "many/element-\(number / 1000)/0123456789abcdef0123456789abcdef-\(number)"
    }

    /// Gives a cache that many refs, all at its one commit.
    private func addRefs(to stage: Stage) throws {
        let heads = "\(stage.cache)/refs/heads"
        var first = ""
        for number in 0..<ManyRefsTests.refCount {
            let path = "\(heads)/\(ManyRefsTests.refName(number))"
            // A thousand names of one file are much faster to make than a thousand files.
            if number % 1000 == 0 {
                first = path
                try FileManager.default.createDirectory(
                    atPath: "\(heads)/many/element-\(number / 1000)", withIntermediateDirectories: true)
                try Data("\(stage.first)\n".utf8).write(to: URL(fileURLWithPath: first))
            } else if link(first, path) != 0 {
                throw TestSupportError("cannot make ref \(number)")
            }
        }
    }

    /// Of such a cache, `ostree pull` of 2022 cannot read the summary any more.
    @Test func `A cache with 100,000 refs is pulled from and listed`() throws {
        let stage = try Stage.plain()
        try addRefs(to: stage)
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        let summary = "\(stage.cache)/summary"
        let size = try #require(FileManager.default.attributesOfItem(atPath: summary)[.size] as? Int)
        #expect(size > 10 << 20, "more than libostree reads")
        let server = try WebServer(directory: stage.cache)
        let trust = ["--ca", server.caFile]

        try stage.pullWell(from: server.http2URL, trust)
        try stage.expectPulled()
        let last = ManyRefsTests.refName(ManyRefsTests.refCount - 1)
        try stage.pullWell([last], from: server.http2URL, trust)
        #expect(try OSTreeCommand.revParse(stage.mine, last) == stage.first)
        #expect(try !server.requests(atLeast: 10).contains { $0.path.hasPrefix("/summary") })

        let listing = try stage.list(trust, from: server.http2URL).checked()
        #expect(listing.lines.count == ManyRefsTests.refCount + 1)
        #expect(listing.lines.last == stage.ref)
        try stage.pullWell(["many/*-1234?"], from: server.http2URL, trust)
        #expect(try OSTreeCommand.refs(stage.mine).count == 12)
    }
}
