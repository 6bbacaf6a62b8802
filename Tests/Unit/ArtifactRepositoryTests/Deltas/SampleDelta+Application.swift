// SPDX-License-Identifier: Apache-2.0

import SystemCalls
import TestSupport
import WireSamples

@testable import ArtifactRepository

extension SampleDelta {
    var name: DeltaName { DeltaName(from: nil, to: commit.checksum) }

    /// Applies it to a repository's quarantine, with none of the objects published.
    func apply(to repository: Repository, in quarantine: any Quarantine) throws {
        let directory = try TemporaryDirectory()
        let superblock = try Directory(directory.path).unnamedFile()
        try superblock.writeAll(self.superblock())
        let delta = try StaticDelta(
            mapping: superblock, as: name, digest: nil, makeFile: repository.temporaryFile)
        let application = DeltaApplication(delta, to: repository)
        for part in try application.plan(in: quarantine, wantsAll: true) {
            try application.apply(part, nil) { try quarantine.receive($0, size: nil) }
        }
        try quarantine.settle()
    }
}
