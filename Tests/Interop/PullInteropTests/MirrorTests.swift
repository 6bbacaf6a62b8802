// SPDX-License-Identifier: Apache-2.0

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

    @Test func `The one that answers first is used`() throws {
        let slow = try FaultyWebServer(directory: stage.cache) { _, _ in .delay(seconds: 30) }
        let quick = try FaultyWebServer(directory: stage.cache)
        let result = try pull(from: slow.url, mirrors: [quick.url])
        #expect(result.succeeded, "\(result.errorText)")
        try stage.expectPulled()
        #expect(slow.requestCount <= 1)
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
        #expect(other.requestedPaths.filter { $0 != "/config" } == [path])
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
