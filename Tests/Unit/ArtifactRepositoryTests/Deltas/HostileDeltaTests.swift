// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TestSupport
import Testing
import WireSamples

@testable import ArtifactRepository

@Suite struct HostileDeltaTests {
    @Test(arguments: HostileDelta.all, [RepositoryMode.bareUser, .archive])
    func `A delta is refused that`(hostile: HostileDelta, mode: RepositoryMode) throws {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(mode)
        let before = try repository.visibleFiles()
        let quarantine = try repository.makeQuarantine(.transient)
        let delta = try hostile.delta()
        let error = #expect(throws: (any Error).self) { try delta.apply(to: repository, in: quarantine) }
        #expect(error is DeltaError || (error as? RepositoryError)?.code == .badObject)
        #expect("\(error.map { "\($0)" } ?? "")".contains(hostile.reason))
        _ = quarantine.takeVerdicts(waiting: true)
        // One that is right by itself may be kept.
        let isRight = hostile.reason == "more objects than it lists"
        #expect(try isRight || delta.objects.allSatisfy { try !quarantine.contains($0) })
        quarantine.discard()
        #expect(try repository.visibleFiles() == before)
    }

    @Test func `The delta is right without that`() throws {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(.archive)
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        try HostileDelta.goodDelta().apply(to: repository, in: quarantine)
        #expect(try quarantine.contains(HostileDelta.file))
    }

    @Test(arguments: [1, 20, 40])
    func `A compressed part that ends too early is refused, and one that goes on`(cut: Int) throws {
        let directory = try TemporaryDirectory()
        let repository = try directory.repository(.bareUser)
        let quarantine = try repository.makeQuarantine(.transient)
        defer { quarantine.discard() }
        var delta = HostileDelta.goodDelta()
        let whole = try HostileDelta.compressed(delta.payload)
        for part in [Array(whole.dropLast(cut)), whole + [UInt8](repeating: 0, count: cut)] {
            delta.part = part
            #expect(throws: DeltaError.self) { try delta.apply(to: repository, in: quarantine) }
        }
        delta.part = whole
        try delta.apply(to: repository, in: quarantine)
    }
}

extension HostileDelta: CustomTestStringConvertible {
    /// The name.
    package var testDescription: String { name }
}
