// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Large objects whose transfer breaks off.
@Suite struct ContinuedTransferTests {
    private let stage: Stage
    private static let size = 6 << 20

    init() throws {
        stage = try Stage { tree in
            try Stage.makePlainTree(tree)
            try Data(SampleTree.noise(count: ContinuedTransferTests.size, seed: 11)).write(
                to: URL(fileURLWithPath: "\(tree)/big"))
        }
    }

    /// The path of the only large object.
    private func largePath() throws -> String {
        try #require(
            stage.paths("filez").first { path in
                let attributes = try? FileManager.default.attributesOfItem(atPath: stage.cache + path)
                return attributes?[.size] as? Int ?? 0 > 1 << 20
            })
    }

    @Test func `It goes on where it was, and not from the beginning`() throws {
        let path = try largePath()
        let server = try FaultyWebServer(directory: stage.cache) { requested, _ in
            requested == path ? .firstAttempts(2, .closeAfter(bytes: 2 << 20)) : nil
        }
        try stage.pullWell(from: server.url)
        try stage.expectPulled()
        let ranges = server.requests.filter { $0.path == path }.map(\.range)
        #expect(ranges.count == 3)
        #expect(ranges[0] == nil)
        for range in ranges.dropFirst() {
            let start = try #require(range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) })
            #expect(start >= 1 << 20)
        }
    }

    @Test func `What breaks off early begins anew`() throws {
        let path = try largePath()
        let server = try FaultyWebServer(directory: stage.cache) { requested, _ in
            requested == path ? .firstAttempts(1, .closeAfter(bytes: 1000)) : nil
        }
        try stage.pullWell(from: server.url)
        try stage.expectPulled()
        #expect(server.requests.filter { $0.path == path }.map(\.range) == [nil, nil])
    }
}
