// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A cache whose refs are older than the local ones, as in a stale mirror.
@Suite struct OlderCommitTests {
    private let stage: Stage
    /// The commit that is here, of 2021, of whose ref the cache has one of 2020.
    private let newer: String
    private static let other = "project/other/key"

    init() throws {
        stage = try .plain()
        newer = try OSTreeCommand.commit(
            stage.mine, tree: stage.tree, refs: [stage.ref], parent: "none",
            options: ["--timestamp=2021-06-07 08:09:10 +0000"])
        try stage.commitMore("more", ref: Self.other)
    }

    private func here(_ ref: String) throws -> String { try OSTreeCommand.revParse(stage.mine, ref) }

    @Test func `A ref that moves to an older commit is told with both times`() throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let dry = try stage.pull(from: server.url, ["--dry-run"]).checked()
        #expect(
            dry.errorText.contains(
                "\(stage.ref) would move to an older commit: \(server.url) has \(stage.first) of"))
        let result = try stage.pullWell([stage.ref, Self.other], from: server.url)
        let told =
            "\(stage.ref) moved to an older commit: \(server.url) has \(stage.first) of 2020-02-03T04:05:06Z, and "
            + "\(newer) of 2021-06-07T08:09:10Z was here"
        #expect(result.errorText.contains(told), "\(result.errorText)")
        #expect(result.errorText.components(separatedBy: "older commit").count == 2)
        #expect(try here(stage.ref) == stage.first)
    }

    @Test func `JSON has both times`() throws {
        for options in [["--json", "--dry-run"], ["--json"]] {
            let result = try stage.pull([stage.ref, Self.other], from: stage.cache, options).checked()
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
        let server = try FaultyWebServer(directory: stage.cache)
        let result = try stage.pull([Self.other, stage.ref], from: server.url, options)
        #expect(result.status == .exited(5))
        let told =
            "Error: \(stage.ref) is not moved to an older commit: \(server.url) has \(stage.first) of "
            + "2020-02-03T04:05:06Z, and \(newer) of 2021-06-07T08:09:10Z is here"
        #expect(result.errorText.contains(told), "\(result.errorText)")
        #expect(try OSTreeCommand.refs(stage.mine) == [stage.ref] && here(stage.ref) == newer)
        #expect(try Reader.leftovers(stage.mine) == [])
        let refusal = try stage.pull(from: server.url, options + ["--json"])
        #expect(refusal.text.hasPrefix(#"{"error":{"status":"refused","message":""#), "\(refusal.text)")
    }

    @Test func `An older commit that is here already is refused, too`() throws {
        try OSTreeCommand.lines(
            stage.mine, ["pull-local", "--untrusted", stage.cache, stage.first])
        let server = try FaultyWebServer(directory: stage.cache)
        #expect(try stage.pull(from: server.url, ["--no-older"]).status == .exited(5))
        #expect(!server.requestedPaths.contains { $0.hasPrefix("/objects/") })
        #expect(try here(stage.ref) == newer)
    }

    @Test func `Nothing is pulled from one cache where another has an older commit`() throws {
        let second = try Stage.plain()
        try OSTreeCommand.lines(second.cache, ["refs", "--force", "--create=second/x/1", second.first])
        try stage.configure(
            """
            projects:
              second: {artifacts: {url: file://\(second.cache)}}
              project: {artifacts: {url: file://\(stage.cache)}}
            """)
        let refused = try stage.pull(["second/x/1", stage.ref], from: nil, ["--no-older"])
        #expect(refused.status == .exited(5), "\(refused.errorText)")
        #expect(try OSTreeCommand.refs(stage.mine) == [stage.ref])
        // The next cache of the same project is not asked, so that no ref moves alone.
        try stage.configure(
            "artifacts: [{url: file://\(stage.cache)}, {url: file://\(second.cache)}]")
        #expect(try stage.pull([Self.other, stage.ref], from: nil, ["--no-older"]).status == .exited(5))
        #expect(try OSTreeCommand.refs(stage.mine) == [stage.ref])
    }

    @Test func `A newer commit, one of the same time and a new ref are not refused`() throws {
        let server = try FaultyWebServer(directory: stage.cache)
        let place = try OSTreeCommand.commit(
            stage.cache, tree: stage.tree, refs: [stage.ref], parent: "none",
            options: ["--timestamp=2021-06-07 08:09:10 +0000", "--subject=the same time"])
        try stage.pullWell([stage.ref, Self.other], from: server.url, ["--no-older"])
        #expect(try here(stage.ref) == place)
        let newest = try OSTreeCommand.commit(
            stage.cache, tree: stage.tree, refs: [stage.ref], parent: "none",
            options: ["--timestamp=2021-06-07 08:09:11 +0000"])
        let result = try stage.pullWell(from: server.url, ["--no-older"])
        #expect(try here(stage.ref) == newest)
        #expect(!result.errorText.contains("older commit"))
    }

    @Test func `A dry run believes no commit whose bytes are wrong`() throws {
        let path = try #require(stage.paths("commit").first { ObjectPath.checksum($0) == stage.first })
        let server = try FaultyWebServer(directory: stage.cache) { asked, _ in
            asked == path ? .corrupt(offset: 9) : nil
        }
        let errors = try stage.pullBadly(from: server.url, ["--dry-run"])
        #expect(errors.contains("serves wrong bytes"), "\(errors)")
    }
}
