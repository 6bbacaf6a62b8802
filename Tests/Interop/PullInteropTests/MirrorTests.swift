// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// Several places that have the same.
@Suite struct MirrorTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    private func pull(from url: String, mirrors: [String], _ options: [String] = []) throws -> ProcessResult {
        let more = mirrors.flatMap { ["--mirror", $0] } + options
        return try stage.pull(from: url, more)
    }

    @Test func `Refs come from the one that answers first, and nothing waits for another`() throws {
        let slow = try FaultyWebServer(directory: stage.cache) { _, _ in .delay(seconds: 100) }
        let quick = try FaultyWebServer(directory: stage.cache)
        let result = try pull(from: slow.url, mirrors: [quick.url])
        #expect(result.succeeded, "\(result.errorText)")
        try stage.expectPulled()
        #expect(!slow.requestedPaths.contains { $0.hasPrefix("/refs/") })
        #expect(try objects(of: stage).isSubset(of: quick.requestedPaths))
    }

    @Test func `Load is spread, and one that does not answer gets little of it`() throws {
        let stage = try Stage.large(300)
        let quick = try (0..<2).map { _ in try FaultyWebServer(directory: stage.cache) }
        let slow = try FaultyWebServer(directory: stage.cache) { _, _ in .delay(seconds: 100) }
        try stage.pullWell(from: slow.url, ["--mirror", quick[0].url, "--mirror", quick[1].url])
        try stage.expectPulled()
        #expect(try objects(of: stage).isSubset(of: quick.flatMap(\.requestedPaths)))
        for server in quick { #expect(server.requestCount > 20) }
        #expect(slow.requestCount < 60)
    }

    @Test(arguments: [false, true])
    func `One that sends wrong bytes is left, with a warning`(isFirst: Bool) throws {
        let stage = try Stage.large(300)
        let isLate: @Sendable (String, Bool) -> Fault? = { path, isLate in
            path == "/config" && isLate ? .delay(seconds: 2) : nil
        }
        let wrong = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasSuffix(".filez") ? .corrupt(offset: 30) : isLate(path, !isFirst)
        }
        let right = try FaultyWebServer(directory: stage.cache) { path, _ in isLate(path, isFirst) }
        let result = try stage.pullWell(from: right.url, ["--mirror", wrong.url])
        try stage.expectPulled()
        let files = try Set(stage.paths("filez"))
        #expect(files.isSubset(of: right.requestedPaths))
        #expect(!files.isDisjoint(with: wrong.requestedPaths))
        let warning = "nothing more is fetched from \(wrong.url): it sends wrong bytes for objects/"
        #expect(result.errorText.components(separatedBy: warning).count == 2, "\(result.errorText)")
    }

    @Test func `One that fails is left, with a warning`() throws {
        let stage = try Stage.large(300)
        let failing = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasPrefix("/objects/") ? .status(500) : nil
        }
        let right = try FaultyWebServer(directory: stage.cache) { path, _ in
            path == "/config" ? .delay(seconds: 2) : nil
        }
        let result = try stage.pullWell(from: right.url, ["--mirror", failing.url])
        try stage.expectPulled()
        let warning = "nothing more is fetched from \(failing.url): cannot fetch \(failing.url)/objects/"
        #expect(result.errorText.components(separatedBy: warning).count == 2, "\(result.errorText)")
    }

    @Test func `One that has half of it is not left`() throws {
        let stage = try Stage.large(300)
        let half = try FaultyWebServer(directory: stage.cache) { path, _ in
            path.hasPrefix("/objects/") && path.utf8.dropFirst(9).first ?? 0 < 56 ? .status(404) : nil
        }
        let other = try FaultyWebServer(directory: stage.cache)
        let result = try stage.pullWell(from: half.url, ["--mirror", other.url])
        try stage.expectPulled()
        #expect(!result.errorText.contains("nothing more"), "\(result.errorText)")
        #expect(half.requestCount > 20)
    }

    @Test(arguments: [Fault.closeAfter(bytes: 3 << 20), .stallAfter(bytes: 3 << 20)])
    func `A large object that breaks off or stalls at one is continued at another`(fault: Fault) throws {
        let stage = try Stage { tree in
            try Stage.makePlainTree(tree)
            try Data(SampleTree.noise(count: 6 << 20, seed: 17)).write(
                to: URL(fileURLWithPath: "\(tree)/big"))
        }
        let path = try #require(
            stage.paths("filez").first { path in
                let file = try? FileManager.default.attributesOfItem(atPath: stage.cache + path)
                return file?[.size] as? Int ?? 0 > 1 << 20
            })
        let isAsked = Mutex(false)
        let first = try FaultyWebServer(directory: stage.cache) { requested, _ in
            guard requested == path else { return nil }
            isAsked.withLock { $0 = true }
            return fault
        }
        let second = try FaultyWebServer(directory: stage.cache) { requested, _ in
            if requested == "/config" { return .delay(seconds: 2) }
            // Until then the object is not for it, and a request that stalls is moved.
            if requested == path { _ = eventually { isAsked.withLock { $0 } } }
            return nil
        }
        try stage.pullWell(from: first.url, ["--mirror", second.url])
        try stage.expectPulled()
        #expect(first.requests.count { $0.path == path } == 1)
        let range = try #require(second.requests.last { $0.path == path }?.range)
        #expect(try #require(Int(range.dropFirst("bytes=".count).dropLast())) > 2 << 20)
    }

    private func objects(of stage: Stage) throws -> Set<String> {
        Set(try OSTreeCommand.listObjects(stage.cache).map(ObjectPath.path))
    }

    @Test func `One that dies is left`() throws {
        let dying = try FaultyWebServer(directory: stage.cache) { _, number in
            number > 5 ? .dieForever : nil
        }
        let other = try FaultyWebServer(directory: stage.cache) { path, _ in
            path == "/config" ? .delay(seconds: 2) : nil
        }
        let result = try pull(from: dying.url, mirrors: [other.url])
        #expect(result.succeeded, "\(result.errorText)")
        try stage.expectPulled()
        #expect(dying.requestCount >= 5)
    }

    @Test func `What one lacks comes from the next`() throws {
        let path = try #require(stage.paths("filez").first)
        let lacking = try FaultyWebServer(directory: stage.cache) { requested, _ in
            requested == path ? .status(404) : nil
        }
        let other = try FaultyWebServer(directory: stage.cache) { requested, _ in
            requested == "/config" ? .delay(seconds: 2) : nil
        }
        let result = try pull(from: lacking.url, mirrors: [other.url])
        #expect(result.succeeded, "\(result.errorText)")
        try stage.expectPulled()
        #expect(other.requestedPaths.contains(path))
    }

    @Test func `One that is no repository is not used`() throws {
        let empty = try TemporaryDirectory()
        let useless = try FaultyWebServer(directory: empty.path)
        let server = try FaultyWebServer(directory: stage.cache) { path, number in
            path == "/config" && number == 1 ? .delay(seconds: 1) : nil
        }
        let result = try pull(from: server.url, mirrors: [useless.url])
        #expect(result.succeeded, "\(result.errorText)")
        try stage.expectPulled()
    }

    @Test func `What none of them has is named`() throws {
        let path = try #require(stage.paths("filez").first)
        let servers = try (0..<2).map { _ in
            try FaultyWebServer(directory: stage.cache) { requested, _ in
                requested == path ? .status(404) : nil
            }
        }
        let result = try pull(from: servers[0].url, mirrors: [servers[1].url])
        #expect(!result.succeeded)
        #expect(result.errorText.contains("lacks object"), "\(result.errorText)")
        #expect(servers.allSatisfy { $0.requestedPaths.contains(path) })
    }
}
