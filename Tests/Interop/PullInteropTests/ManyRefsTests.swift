// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

extension SlowTests {
    private static let refCount = 100_000

    private static func refName(_ number: Int) -> String {
        "many/element-\(number / 1000)/0123456789abcdef0123456789abcdef-\(number)"
    }

    /// Gives a cache that many refs, all at its one commit.
    private func addRefs(to cache: Cache) throws {
        let heads = "\(cache.repository)/refs/heads"
        var first = ""
        for number in 0..<SlowTests.refCount {
            let path = "\(heads)/\(SlowTests.refName(number))"
            // A thousand names of one file are much faster to make than a thousand files.
            if number % 1000 == 0 {
                first = path
                try FileManager.default.createDirectory(
                    atPath: "\(heads)/many/element-\(number / 1000)", withIntermediateDirectories: true)
                try Data("\(cache.commit)\n".utf8).write(to: URL(fileURLWithPath: first))
            } else if link(first, path) != 0 {
                throw TestSupportError("cannot make ref \(number)")
            }
        }
    }

    /// Of such a cache, `ostree pull` of 2022 cannot read the summary any more.
    @Test func `A cache with 100,000 refs is pulled from and listed`() throws {
        let cache = try Cache.plain()
        try addRefs(to: cache)
        try OSTreeCommand.lines(cache.repository, ["summary", "-u"])
        let summary = "\(cache.repository)/summary"
        let size = try #require(FileManager.default.attributesOfItem(atPath: summary)[.size] as? Int)
        #expect(size > 10 << 20, "more than libostree reads")
        let server = try WebServer(folder: cache.repository)
        let trust = ["--ca", server.caFile]

        let builder = try Builder()
        try builder.pullWell([cache.ref], from: server.http2URL, trust)
        try builder.expectHas(cache)
        let last = SlowTests.refName(SlowTests.refCount - 1)
        try builder.pullWell([last], from: server.http2URL, trust)
        #expect(try OSTreeCommand.revParse(builder.repository, last) == cache.commit)
        #expect(try !server.requests(atLeast: 10).contains { $0.path.hasPrefix("/summary") })

        let listing = try run(
            [Programs.artifact(), "list", "--remote", server.http2URL] + trust,
            environment: builder.environment
        ).checked()
        #expect(listing.lines.count == SlowTests.refCount + 1)
        #expect(listing.lines.last == cache.ref)
        try builder.pullWell(["many/*-1234?"], from: server.http2URL, trust)
        #expect(try OSTreeCommand.refs(builder.repository).count == 12)
    }
}
