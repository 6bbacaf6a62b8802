// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation
import SystemCalls
import TestSupport
import Testing

@testable import ArtifactServer

@Suite struct AccessCollectorTests {
    private let directory: TemporaryDirectory
    private let place: ServedCache.Place

    init() throws {
        directory = try TemporaryDirectory()
        place = ServedCache.Place(directory: directory)
        try OSTreeCommand.initRepo(place.repository, mode: .archive)
        try place.commit([ServedCache.ref])
        try run(["touch", "-d", "2 days ago", "\(place.repository)/refs/heads/\(ServedCache.ref)"]).checked()
    }

    private var isFresh: Bool {
        get throws {
            let path = "\(place.repository)/refs/heads/\(ServedCache.ref)"
            let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            return try #require(time) > Date(timeIntervalSinceNow: -3600)
        }
    }

    /// Runs a collector while `body` uses it.
    private func collecting(every interval: Duration, _ body: (AccessCollector) throws -> Void) throws {
        let collector = AccessCollector(try Repository(place.repository)) { _ in }
        let thread = try SystemCalls.Thread { collector.run(every: interval) }
        defer {
            collector.stop()
            thread.join()
        }
        try body(collector)
    }

    @Test func `An access is recorded after a while, and not before`() throws {
        let ref = try #require(RefName(ServedCache.ref))
        try collecting(every: .milliseconds(20)) { (collector) throws in
            collector.add(.ref(ref))
            #expect(try eventually { () throws in try isFresh })
            #expect(eventually { collector.recordedCount == 1 })
        }
        try run(["touch", "-d", "2 days ago", "\(place.repository)/refs/heads/\(ServedCache.ref)"]).checked()
        try collecting(every: .seconds(3600)) { (collector) throws in
            collector.add(.ref(ref))
            #expect(try !isFresh)
        }
        #expect(try isFresh)
    }

    @Test func `More accesses than are held are recorded at once`() throws {
        let ref = try #require(RefName(ServedCache.ref))
        try collecting(every: .seconds(3600)) { (collector) throws in
            collector.add(.ref(ref))
            for number in 0..<10_000 { collector.add(.ref(try #require(RefName("no/such/ref\(number)")))) }
            #expect(eventually { collector.recordedCount == 1 })
            #expect(try isFresh)
        }
    }
}
