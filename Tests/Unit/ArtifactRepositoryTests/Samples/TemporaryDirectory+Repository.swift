// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation

extension TemporaryDirectory {
    /// Makes an empty repository.
    func repository(_ mode: RepositoryMode, _ name: String = "repository") throws -> Repository {
        let repository = try Repository.create(path(name), mode: mode)
        // What ostree itself writes need not be durable, which takes time.
        let config = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name, "config")))
        try config.seekToEnd()
        try config.write(contentsOf: Data("fsync=false\n".utf8))
        try config.close()
        return repository
    }
}
