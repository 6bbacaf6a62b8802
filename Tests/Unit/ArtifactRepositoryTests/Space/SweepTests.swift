// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Testing

@testable import ArtifactRepository

/// The removal of objects that nothing needs.
@Suite struct SweepTests {
    private let scratch: TemporaryDirectory
    private let repository: Repository

    init() throws {
        scratch = try TemporaryDirectory()
        repository = try scratch.repository(.archive)
    }

    /// Removes what no ref needs, of what arrived before a time.
    private func sweep(before start: UInt64) throws {
        var sweep = try Sweep(
            repository, ReachableObjects(repository), StaticDeltas(repository), history: nil, before: start)
        _ = try sweep.run()
    }

    @Test func `What arrives while room is made stays, also without a ref`() throws {
        let old = SampleArtifact("a", files: 0...10)
        let new = SampleArtifact("b", files: 5...20)
        try repository.push(old, as: "p/old", usedBefore: 0)
        let start = try repository.settledTime()
        try repository.push(new, as: "p/new", usedBefore: 0)
        try repository.ostree("refs", "--delete", "p")
        try sweep(before: start)
        let arrived = Set(new.objects.map(\.name)).subtracting(old.objects.map(\.name))
        #expect(try arrived.allSatisfy { try repository.contains($0) })
        #expect(try !repository.contains(ObjectName(old.checksum, .commit)))
        try sweep(before: repository.settledTime())
        #expect(try repository.objectNames().isEmpty)
    }

    @Test func `A sweep keeps what refs need at its time, whatever was planned`() throws {
        let old = SampleArtifact("a", files: 0...10)
        let new = SampleArtifact("b", files: 5...20)
        for (artifact, ref) in [(old, "p/ref"), (new, "p/other")] {
            try repository.push(artifact, as: ref, usedBefore: 0)
        }
        try repository.ostree("refs", "--delete", "p")
        try repository.ostree("refs", "--create=p/ref", new.checksum.hex)
        try sweep(before: repository.settledTime())
        #expect(try new.objects.allSatisfy { try repository.contains($0.name) })
        #expect(try !repository.contains(ObjectName(old.checksum, .commit)))
        try repository.ostree("fsck")
    }
}
