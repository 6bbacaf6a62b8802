// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import Foundation

/// A folder for one test, which removes it at its end.
struct ScratchFolder {
    let path: String

    init() throws {
        // Not in memory: bare-user repositories need extended attributes of users.
        path = "/var/tmp/artifact-repository-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    func repository(_ mode: RepositoryMode, _ name: String = "repository") throws -> Repository {
        // What ostree itself writes need not be durable, which takes time.
        let repository = try Repository.create("\(path)/\(name)", mode: mode)
        try Command.run("ostree", "--repo=\(repository.path)", "config", "set", "core.fsync", "false")
        return repository
    }
}

extension Repository {
    /// Every file and folder with the content of refs, but for `tmp` and the lock: what readers can see.
    func visibleFiles() throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: path)
        return paths.filter { !$0.hasPrefix("tmp/") && $0 != ".lock" }.sorted().map { entry in
            guard entry.hasPrefix("refs/heads/"),
                let content = try? String(contentsOfFile: "\(path)/\(entry)", encoding: .utf8)
            else { return entry }
            return "\(entry): \(content)"
        }
    }

    /// What is in `tmp` and is ours.
    func quarantines() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/tmp").filter {
            $0.hasPrefix("bst-artifact-")
        }
    }
}
