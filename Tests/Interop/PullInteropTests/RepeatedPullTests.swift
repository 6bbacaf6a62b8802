// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct RepeatedPullTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    /// The paths that a pull asks a server for, each once.
    private func pull(_ refs: [String]) throws -> Set<String> {
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(refs, from: server.url)
        let objects = server.requestedPaths.filter { $0.hasPrefix("/objects/") }
        #expect(Set(objects).count == objects.count)
        return Set(server.requestedPaths)
    }

    @Test func `A second pull asks for ref, config and detached metadata only`() throws {
        _ = try pull([stage.ref])
        let paths = try pull([stage.ref])
        #expect(
            paths == [
                "/config", "/refs/heads/\(stage.ref)", ObjectPath.path("\(stage.first).commitmeta"),
            ])
    }

    @Test func `A second pull says that the ref is there already and fetches no object`() throws {
        try stage.pullWell(from: stage.cache)
        let before = try stage.visible
        let result = try stage.pullWell(from: stage.cache)
        #expect(result.lines.first == "\(stage.ref): there already, at \(stage.first)")
        #expect(result.lines.last?.hasPrefix("pulled 0 objects, 0 B in ") == true)
        #expect(try stage.visible.differences(from: before) == [])
    }

    @Test func `A second ref brings only the objects that the first did not`() throws {
        _ = try pull([stage.ref])
        let before = try OSTreeCommand.listObjects(stage.cache)
        let commit = try stage.commitMore("more", ref: "project/other")
        let fresh = try Set(OSTreeCommand.listObjects(stage.cache)).subtracting(before)
        let paths = try pull(["project/other"])
        #expect(
            paths.filter { !$0.hasPrefix("/delta") }
                == Set(fresh.map(ObjectPath.path)).union([
                    "/config", "/refs/heads/project/other", ObjectPath.path("\(commit).commitmeta"),
                ]))
        try stage.expectPulled("project/other")
        #expect(try OSTreeCommand.revParse(stage.mine, stage.ref) == stage.first)
    }

    @Test(arguments: [true, false])
    func `A ref that moved in the cache moves here too, also to a commit that is no descendant`(
        isDescendant: Bool
    ) throws {
        try stage.pullWell(from: stage.cache)
        let commit = try stage.commitMore("more", parent: isDescendant ? stage.first : "none")
        let result = try stage.pullWell(from: stage.cache)
        #expect(result.lines.first == "\(stage.ref): from \(stage.first) to \(commit)")
        try stage.expectPulled()
        // And back again.
        try OSTreeCommand.lines(stage.cache, ["refs", "--force", "--create=\(stage.ref)", stage.first])
        let back = try stage.pullWell(from: stage.cache)
        #expect(back.lines.first == "\(stage.ref): from \(commit) to \(stage.first)")
    }

    @Test func `A commit arrives without its ancestors`() throws {
        let commit = try stage.commitMore("more", parent: stage.first)
        try stage.pullWell(from: stage.cache)
        let commits = try OSTreeCommand.listObjects(stage.mine).filter { $0.hasSuffix(".commit") }
        #expect(commits == ["\(commit).commit"])
        try stage.expectPulled()
    }

    @Test func `Detached metadata arrives, and a changed one replaces it`() throws {
        func value() throws -> String {
            try OSTreeCommand.lines(
                stage.mine,
                ["show", "--print-detached-metadata-key=test.key", stage.first]
            ).joined(separator: "\n")
        }
        try stage.setDetachedMetadata("test.key", "first")
        try stage.pullWell(from: stage.cache)
        #expect(try value() == "'first'")
        try stage.setDetachedMetadata("test.key", "second")
        try stage.pullWell(from: stage.cache)
        #expect(try value() == "'second'")
        // What the cache no longer has stays.
        try FileManager.default.removeItem(
            atPath: stage.cache + ObjectPath.path("\(stage.first).commitmeta"))
        try stage.pullWell(from: stage.cache)
        #expect(try value() == "'second'")
        #expect(try Reader.leftovers(stage.mine) == [])
    }

    @Test func `Detached metadata comes later than its commit, too`() throws {
        try stage.pullWell(from: stage.cache)
        try stage.setDetachedMetadata("test.key", "value")
        try stage.pullWell(from: stage.cache)
        let names = try OSTreeCommand.listObjects(stage.mine)
        #expect(names.contains("\(stage.first).commitmeta"))
    }

    @Test func `An alias in the cache is pulled as the ref that it stands for`() throws {
        try OSTreeCommand.lines(
            stage.cache, ["refs", "--alias", "--create=project/alias", stage.ref])
        try stage.pullWell(["project/alias"], from: stage.cache)
        try stage.expectPulled("project/alias")
    }
}
