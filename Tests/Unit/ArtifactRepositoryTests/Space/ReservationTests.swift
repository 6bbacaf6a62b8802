// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Testing

/// Objects that a push was told to be there already.
@Suite struct ReservationTests {
    /// A cache with an old artifact, and a push in progress that offered it again and was told that it is there.
    private struct Scene {
        let scratch: TemporaryDirectory
        let repository: Repository
        let artifact = SampleArtifact("old", files: 0...5)
        let push: any Quarantine

        init() throws {
            scratch = try TemporaryDirectory()
            repository = try scratch.repository(.archive)
            try repository.push(artifact, as: "old", usedBefore: 5000)
            push = try Repository(repository.path).makeQuarantine(.transient)
            for object in artifact.objects where object.name.type != .commit {
                #expect(try !push.take(object))
            }
        }

        func expectCompletion() throws {
            try push.take(artifact.commit)
            _ = try push.publish(
                [RefEdit(.named("new"), from: .mustNotExist, to: artifact.checksum)],
                moves: .forward, merging: .keepsStored)
            push.discard()
            try repository.ostree("fsck")
            #expect(try repository.refs().map(\.ref.text) == ["new"])
            #expect(try artifact.objects.allSatisfy { try repository.contains($0.name) })
        }
    }

    @Test func `What a push was told to be there stays when room is made, but for the commit`() throws {
        let scene = try Scene()
        try scene.repository.push(SampleArtifact("other", files: 10...15), as: "other", usedBefore: 6000)
        var limits = Expiry.Limits()
        limits.maximumSize = 1000
        let report = try Expiry(scene.repository, limits: limits).run()
        #expect(report.expired.map(\.ref.text) == ["other", "old"])
        let objects = scene.artifact.objects
        #expect(
            try objects.map { try scene.repository.contains($0.name) }
                == objects.map { $0.name.type != .commit })
        #expect(try scene.repository.objectNames().count == objects.count - 1)
        try scene.expectCompletion()
    }

    @Test func `What a push was told to be there is at hand even after ostree has pruned it`() throws {
        let scene = try Scene()
        try scene.repository.ostree("refs", "--delete", "old")
        try scene.repository.ostree("prune", "--refs-only")
        #expect(try scene.repository.objectNames().isEmpty)
        try scene.expectCompletion()
    }
}
