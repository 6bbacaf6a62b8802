// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import SystemCalls
import TestSupport
import Testing

@testable import ArtifactServer

@Suite struct AccessCollectorTests {
    private let stage: Stage
    private var ref: String { "\(stage.cache)/refs/heads/\(CacheServer.ref)" }

    init() throws {
        stage = try Stage()
        try stage.commit(CacheServer.ref, in: stage.cache)
        try run(["touch", "-d", "2 days ago", ref]).checked()
    }

    private var isFresh: Bool {
        get throws {
            let time = try FileManager.default.attributesOfItem(atPath: ref)[.modificationDate] as? Date
            return try #require(time) > Date(timeIntervalSinceNow: -3600)
        }
    }

    /// Runs a collector while `body` uses it.
    private func collecting(every interval: Duration, _ body: (AccessCollector) throws -> Void) throws {
        let collector = AccessCollector(try Repository(stage.cache)) { _ in }
        let thread = try SystemCalls.Thread { collector.run(every: interval) }
        defer {
            collector.stop()
            thread.join()
        }
        try body(collector)
    }

    @Test func `An access is recorded after a while, and not before`() throws {
        let name = try #require(RefName(CacheServer.ref))
        try collecting(every: .milliseconds(20)) { (collector) throws in
            collector.add(.ref(name))
            #expect(try eventually { () throws in try isFresh })
            #expect(eventually { collector.recordedCount == 1 })
        }
        try run(["touch", "-d", "2 days ago", ref]).checked()
        try collecting(every: .seconds(3600)) { (collector) throws in
            collector.add(.ref(name))
            #expect(try !isFresh)
        }
        #expect(try isFresh)
    }

    @Test func `More accesses than are held are recorded at once`() throws {
        let name = try #require(RefName(CacheServer.ref))
        try collecting(every: .seconds(3600)) { (collector) throws in
            collector.add(.ref(name))
            for number in 0..<10_000 { collector.add(.ref(try #require(RefName("no/such/ref\(number)")))) }
            #expect(eventually { collector.recordedCount == 1 })
            #expect(try isFresh)
        }
    }
}
