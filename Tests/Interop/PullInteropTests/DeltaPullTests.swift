// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite struct DeltaPullTests {
    /// A cache of many small files with a second commit and a delta to it.
    private static func stage(fromScratch: Bool, options: [String] = [], hasIndex: Bool = true) throws
        -> Stage
    {
        let stage = try Stage.large(200)
        let second = try stage.commitMore("more\n", ref: "project/element/next", parent: stage.first)
        try OSTreeCommand.lines(
            stage.cache,
            ["static-delta", "generate", "--to=\(second)"]
                + (fromScratch ? ["--empty"] : ["--from=\(stage.first)"]) + options)
        if hasIndex { try OSTreeCommand.lines(stage.cache, ["summary", "--update"]) }
        return stage
    }

    /// Moves the first ref of a cache to its second commit.
    private static func advance(_ stage: Stage) throws {
        try OSTreeCommand.lines(
            stage.cache, ["refs", "--force", "--create=\(stage.ref)", "project/element/next"])
    }

    private static func isSingle(_ path: String) -> Bool {
        [".filez", ".dirtree", ".dirmeta"].contains { path.hasSuffix($0) }
    }

    private static func isOfDelta(_ path: String) -> Bool { path.hasPrefix("/deltas/") }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .bareUserOnly, .archive], [true, false])
    func `A new ref comes as a delta from nothing`(mode: OSTreeCommand.Mode, hasIndex: Bool) throws {
        let stage = try DeltaPullTests.stage(fromScratch: true, hasIndex: hasIndex).another(mode)
        let server = try FaultyWebServer(directory: stage.cache)
        try DeltaPullTests.advance(stage)
        try stage.pullWell(from: server.url)
        #expect(!server.requestedPaths.contains(where: DeltaPullTests.isSingle))
        #expect(server.requestCount < 10)
        if mode != .bareUserOnly { try stage.expectPulled() }
    }

    @Test(arguments: [OSTreeCommand.Mode.bareUser, .archive], [[], ["--inline"], ["--swap-endianness"]])
    func `A ref that moves comes as a delta from its commit`(mode: OSTreeCommand.Mode, options: [String])
        throws
    {
        let stage = try DeltaPullTests.stage(fromScratch: false, options: options).another(mode)
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: stage.cache)
        try DeltaPullTests.advance(stage)
        try stage.pullWell(from: server.url, ["--deltas=always"])
        #expect(!server.requestedPaths.contains(where: DeltaPullTests.isSingle))
        try stage.expectPulled()
    }

    @Test func `A delta from another commit that is here is found in the index`() throws {
        let stage = try DeltaPullTests.stage(fromScratch: false)
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: stage.cache)
        try stage.pullWell(["project/element/next"], from: server.url)
        #expect(!server.requestedPaths.contains(where: DeltaPullTests.isSingle))
        try stage.expectPulled("project/element/next")
    }

    @Test func `Single objects are fetched where most of them are here`() throws {
        let stage = try DeltaPullTests.stage(fromScratch: true)
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: stage.cache, ["--deltas=never"])
        try DeltaPullTests.advance(stage)
        try stage.pullWell(from: server.url)
        #expect(
            !server.requestedPaths.contains { DeltaPullTests.isOfDelta($0) && !$0.hasSuffix("/superblock") })
        try stage.expectPulled()
    }

    @Test func `No delta is looked for on demand, and none is looked for twice`() throws {
        let stage = try DeltaPullTests.stage(fromScratch: true)
        try DeltaPullTests.advance(stage)
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: server.url, ["--deltas=never"])
        #expect(!server.requestedPaths.contains { $0.hasPrefix("/delta") })
        try stage.expectPulled()
        let before = server.requestCount
        try stage.pullWell(from: server.url)
        #expect(!server.requestedPaths.dropFirst(before).contains { $0.hasPrefix("/delta") })
    }

    @Test func `A pull that must use deltas fails where there is none`() throws {
        let stage = try Stage.plain()
        let server = try FaultyWebServer(directory: stage.cache)
        let errors = try stage.pullBadly(from: server.url, ["--deltas=always"])
        #expect(errors.contains("\(server.url) has no static delta to commit \(stage.first)"))
        #expect(try stage.pull(from: server.url, ["--deltas=sometimes"]).status == .exited(64))
    }

    @Test func `Large files that a delta leaves out are fetched by themselves`() throws {
        let stage = try Stage.awkward()
        try OSTreeCommand.lines(
            stage.cache,
            ["static-delta", "generate", "--empty", "--min-fallback-size=1", "--to=\(stage.first)"])
        let server = try FaultyWebServer(directory: stage.cache)
        try stage.pullWell(from: server.url)
        #expect(server.requestedPaths.count(where: DeltaPullTests.isSingle) == 1)
        try stage.expectPulled()
    }

    @Test func `Detached metadata comes with a delta, too`() throws {
        let stage = try Stage.plain()
        try stage.setDetachedMetadata("note", "detached")
        try OSTreeCommand.lines(
            stage.cache, ["static-delta", "generate", "--empty", "--to=\(stage.first)"])
        try stage.pullWell(from: stage.cache, ["--deltas=always"])
        let note = try OSTreeCommand.lines(
            stage.mine, ["show", "--print-detached-metadata-key=note", stage.first])
        #expect(note == ["'detached'"])
    }

    /// What a server does with a file of a delta.
    private static let faults: [Fault] = [
        .corrupt(offset: 0), .corrupt(offset: 40), .corrupt(offset: 200), .replaceBody([]),
        .replaceBody(Array("<html></html>".utf8)), .replaceBody([UInt8](repeating: 0, count: 5000)),
        .status(404),
    ]

    @Test(arguments: ["superblock", "0"], faults.indices)
    func `A broken delta is told, and replaced by single objects`(file: String, fault: Int) throws {
        let stage = try DeltaPullTests.stage(fromScratch: true)
        try DeltaPullTests.advance(stage)
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasPrefix("/deltas/") && path.hasSuffix("/\(file)") ? DeltaPullTests.faults[fault] : nil
        }
        _ = try stage.pullBadly(from: server.url, ["--deltas=always"])
        let result = try stage.pullWell(from: server.url)
        // A delta that was removed since the index was made is none.
        let isTold = !(file == "superblock" && [3, 6].contains(fault))
        #expect(result.errorText.contains("cannot be used") == isTold, "\(result.errorText)")
        try stage.expectPulled()
    }

    @Test func `A broken index counts as none`() throws {
        let stage = try DeltaPullTests.stage(fromScratch: true)
        try DeltaPullTests.advance(stage)
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasPrefix("/delta-indexes/") ? .replaceBody(Array("<html></html>".utf8)) : nil
        }
        try stage.pullWell(from: server.url)
        #expect(!server.requestedPaths.contains(where: DeltaPullTests.isSingle))
        try stage.expectPulled()
    }

    @Test func `A server that fails for deltas alone does no harm`() throws {
        let stage = try DeltaPullTests.stage(fromScratch: true)
        try DeltaPullTests.advance(stage)
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasPrefix("/delta") ? .status(500) : nil
        }
        try stage.pullWell(from: server.url)
        try stage.expectPulled()
    }

    @Test func `A pull with a delta that was interrupted goes on`() throws {
        let stage = try DeltaPullTests.stage(fromScratch: true, options: ["--max-chunk-size=1"])
        try DeltaPullTests.advance(stage)
        let server = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasSuffix("/0") ? .dieForever : nil
        }
        let before = try stage.visible
        #expect(try stage.pull(from: server.url).failed)
        #expect(try stage.visible.differences(from: before) == [])
        try stage.pullWell(from: stage.cache)
        try stage.expectPulled()
    }
}
