// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct RepeatedPullTests {
    private let cache: Cache
    private let builder: Builder

    init() throws {
        cache = try Cache.plain()
        builder = try Builder()
    }

    /// The paths that a pull asks a server for, each once.
    private func pull(_ refs: [String]) throws -> Set<String> {
        let server = try FaultyWebServer(folder: cache.repository)
        try builder.pullWell(refs, from: server.url)
        let objects = server.requestedPaths.filter { $0.hasPrefix("/objects/") }
        #expect(Set(objects).count == objects.count)
        return Set(server.requestedPaths)
    }

    @Test func `A second pull asks for ref, config and detached metadata only`() throws {
        _ = try pull([cache.ref])
        let paths = try pull([cache.ref])
        #expect(
            paths == [
                "/config", "/refs/heads/\(cache.ref)", Cache.path("\(cache.commit).commitmeta"),
            ])
    }

    @Test func `A second pull says that the ref is there already and fetches no object`() throws {
        try builder.pullWell([cache.ref], from: cache.repository)
        let before = try builder.visible
        let result = try builder.pullWell([cache.ref], from: cache.repository)
        #expect(result.lines.first == "\(cache.ref): there already, at \(cache.commit)")
        #expect(result.lines.last?.hasPrefix("pulled 0 objects, 0 B in ") == true)
        #expect(try builder.visible.differences(from: before) == [])
    }

    @Test func `A second ref brings only the objects that the first did not`() throws {
        _ = try pull([cache.ref])
        let before = try OSTreeCommand.listObjects(cache.repository)
        let commit = try cache.commitMore("more", ref: "project/other")
        let fresh = try Set(OSTreeCommand.listObjects(cache.repository)).subtracting(before)
        let paths = try pull(["project/other"])
        #expect(
            paths
                == Set(fresh.map(Cache.path)).union([
                    "/config", "/refs/heads/project/other", Cache.path("\(commit).commitmeta"),
                ]))
        try builder.expectHas(cache, ref: "project/other")
        #expect(try OSTreeCommand.revParse(builder.repository, cache.ref) == cache.commit)
    }

    @Test(arguments: [true, false])
    func `A ref that moved in the cache moves here too, also to a commit that is no descendant`(
        isDescendant: Bool
    ) throws {
        try builder.pullWell([cache.ref], from: cache.repository)
        let commit = try cache.commitMore("more", parent: isDescendant ? cache.commit : "none")
        let result = try builder.pullWell([cache.ref], from: cache.repository)
        #expect(result.lines.first == "\(cache.ref): from \(cache.commit) to \(commit)")
        try builder.expectHas(cache)
        // And back again.
        try OSTreeCommand.lines(cache.repository, ["refs", "--force", "--create=\(cache.ref)", cache.commit])
        let back = try builder.pullWell([cache.ref], from: cache.repository)
        #expect(back.lines.first == "\(cache.ref): from \(commit) to \(cache.commit)")
    }

    @Test func `A commit arrives without its ancestors`() throws {
        let commit = try cache.commitMore("more", parent: cache.commit)
        try builder.pullWell([cache.ref], from: cache.repository)
        let commits = try OSTreeCommand.listObjects(builder.repository).filter { $0.hasSuffix(".commit") }
        #expect(commits == ["\(commit).commit"])
        try builder.expectHas(cache)
    }

    @Test func `Detached metadata arrives, and a changed one replaces it`() throws {
        func value() throws -> String {
            try OSTreeCommand.lines(
                builder.repository,
                ["show", "--print-detached-metadata-key=test.key", cache.commit]
            ).joined(separator: "\n")
        }
        try cache.setDetachedMetadata("test.key", "first")
        try builder.pullWell([cache.ref], from: cache.repository)
        #expect(try value() == "'first'")
        try cache.setDetachedMetadata("test.key", "second")
        try builder.pullWell([cache.ref], from: cache.repository)
        #expect(try value() == "'second'")
        // What the cache no longer has stays.
        try FileManager.default.removeItem(
            atPath: cache.repository + Cache.path("\(cache.commit).commitmeta"))
        try builder.pullWell([cache.ref], from: cache.repository)
        #expect(try value() == "'second'")
        #expect(try builder.leftovers == [])
    }

    @Test func `Detached metadata comes later than its commit, too`() throws {
        try builder.pullWell([cache.ref], from: cache.repository)
        try cache.setDetachedMetadata("test.key", "value")
        try builder.pullWell([cache.ref], from: cache.repository)
        let names = try OSTreeCommand.listObjects(builder.repository)
        #expect(names.contains("\(cache.commit).commitmeta"))
    }

    @Test func `An alias in the cache is pulled as the ref that it stands for`() throws {
        try OSTreeCommand.lines(
            cache.repository, ["refs", "--alias", "--create=project/alias", cache.ref])
        try builder.pullWell(["project/alias"], from: cache.repository)
        try builder.expectHas(cache, ref: "project/alias")
    }
}
