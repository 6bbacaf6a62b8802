// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A cache whose refs are behind what is here, as a stale mirror has them.
@Suite struct OlderCommitTests {
    private let cache: Cache
    private let builder: Builder
    /// The commit that the builder has, of 2021, of whose ref the cache has one of 2020.
    private let newer: String
    private static let other = "project/other/key"

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
        newer = try OSTreeCommand.commit(
            builder.repository, tree: cache.tree, refs: [cache.ref], parent: "none",
            options: ["--timestamp=2021-06-07 08:09:10 +0000"])
        try cache.commitMore("more", ref: Self.other)
    }

    private func here(_ ref: String) throws -> String { try OSTreeCommand.revParse(builder.repository, ref) }

    @Test func `A ref that moves to an older commit is told with both times`() throws {
        let server = try FaultyWebServer(folder: cache.repository)
        let dry = try builder.pull([cache.ref], from: server.url, ["--dry-run"]).checked()
        #expect(
            dry.errorText.contains(
                "\(cache.ref) would move to an older commit: \(server.url) has \(cache.commit) of"))
        let result = try builder.pullWell([cache.ref, Self.other], from: server.url)
        let told =
            "\(cache.ref) moved to an older commit: \(server.url) has \(cache.commit) of 2020-02-03T04:05:06Z, and "
            + "\(newer) of 2021-06-07T08:09:10Z was here"
        #expect(result.errorText.contains(told), "\(result.errorText)")
        #expect(result.errorText.components(separatedBy: "older commit").count == 2)
        #expect(try here(cache.ref) == cache.commit)
    }

    @Test func `JSON has both times`() throws {
        for options in [["--json", "--dry-run"], ["--json"]] {
            let result = try builder.pull([cache.ref, Self.other], from: cache.repository, options).checked()
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
            let refs = try #require((json["pulls"] as? [[String: Any]])?.first?["refs"] as? [[String: Any]])
            #expect(refs.map { $0["isOlder"] as? Bool } == [true, false])
            #expect(refs.map { $0["timestamp"] as? Int } == [1_580_702_706, nil])
            #expect(refs.map { $0["previousTimestamp"] as? Int } == [1_623_053_350, nil])
        }
    }

    @Test(arguments: [["--no-older"], ["--no-older", "--dry-run"]])
    func `An older commit is refused, and nothing is published`(options: [String]) throws {
        let server = try FaultyWebServer(folder: cache.repository)
        let result = try builder.pull([Self.other, cache.ref], from: server.url, options)
        #expect(result.status == .exited(5))
        let told =
            "Error: \(cache.ref) is not moved to an older commit: \(server.url) has \(cache.commit) of "
            + "2020-02-03T04:05:06Z, and \(newer) of 2021-06-07T08:09:10Z is here"
        #expect(result.errorText.contains(told), "\(result.errorText)")
        #expect(try OSTreeCommand.refs(builder.repository) == [cache.ref] && here(cache.ref) == newer)
        #expect(try builder.leftovers == [])
        let refusal = try builder.pull([cache.ref], from: server.url, options + ["--json"])
        #expect(refusal.text.hasPrefix(#"{"error":{"status":"refused","message":""#), "\(refusal.text)")
    }

    @Test func `An older commit that is here already is refused, too`() throws {
        try OSTreeCommand.lines(
            builder.repository, ["pull-local", "--untrusted", cache.repository, cache.commit])
        let server = try FaultyWebServer(folder: cache.repository)
        #expect(try builder.pull([cache.ref], from: server.url, ["--no-older"]).status == .exited(5))
        #expect(!server.requestedPaths.contains { $0.hasPrefix("/objects/") })
        #expect(try here(cache.ref) == newer)
    }

    @Test func `Nothing is pulled from one cache where another has an older commit`() throws {
        let second = try Cache.plain()
        try OSTreeCommand.lines(second.repository, ["refs", "--force", "--create=second/x/1", second.commit])
        try builder.configure(
            """
            projects:
              second: {artifacts: {url: file://\(second.repository)}}
              project: {artifacts: {url: file://\(cache.repository)}}
            """)
        let refused = try builder.pull(["second/x/1", cache.ref], from: nil, ["--no-older"])
        #expect(refused.status == .exited(5), "\(refused.errorText)")
        #expect(try OSTreeCommand.refs(builder.repository) == [cache.ref])
        // The next cache of the same project is not asked, so that no ref moves alone.
        try builder.configure(
            "artifacts: [{url: file://\(cache.repository)}, {url: file://\(second.repository)}]")
        #expect(try builder.pull([Self.other, cache.ref], from: nil, ["--no-older"]).status == .exited(5))
        #expect(try OSTreeCommand.refs(builder.repository) == [cache.ref])
    }

    @Test func `A newer commit, one of the same time and a new ref are not refused`() throws {
        let server = try FaultyWebServer(folder: cache.repository)
        let place = try OSTreeCommand.commit(
            cache.repository, tree: cache.tree, refs: [cache.ref], parent: "none",
            options: ["--timestamp=2021-06-07 08:09:10 +0000", "--subject=the same time"])
        try builder.pullWell([cache.ref, Self.other], from: server.url, ["--no-older"])
        #expect(try here(cache.ref) == place)
        let newest = try OSTreeCommand.commit(
            cache.repository, tree: cache.tree, refs: [cache.ref], parent: "none",
            options: ["--timestamp=2021-06-07 08:09:11 +0000"])
        let result = try builder.pullWell([cache.ref], from: server.url, ["--no-older"])
        #expect(try here(cache.ref) == newest)
        #expect(!result.errorText.contains("older commit"))
    }

    @Test func `A dry run believes no commit whose bytes are wrong`() throws {
        let path = try #require(cache.paths("commit").first { Cache.checksum($0) == cache.commit })
        let server = try FaultyWebServer(folder: cache.repository) { asked, _ in
            asked == path ? .corrupt(offset: 9) : nil
        }
        let errors = try builder.pullBadly([cache.ref], from: server.url, ["--dry-run"])
        #expect(errors.contains("serves wrong bytes"), "\(errors)")
    }
}
