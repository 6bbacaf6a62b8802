// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A cache, and builders with artifacts that overlap.
struct RaceGround {
    let directory: TemporaryDirectory
    let place: String
    let cache: String
    /// Each builder's repository, with the refs that it may push.
    let builders: [(repository: String, commits: [String])]

    private static let artifactsOfEach = 12

    init(builders count: Int) throws {
        directory = try TemporaryDirectory()
        // In memory, so that many pushes meet in little time.
        place = access("/dev/shm", W_OK) == 0 ? "/dev/shm/races-\(getpid())" : directory.path("races")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        cache = "\(place)/cache"
        try OSTreeCommand.initRepo(cache, mode: .archive, hasSummary: true)
        var builders: [(repository: String, commits: [String])] = []
        let place = place
        for number in 0..<count {
            let repository = "\(place)/builder-\(number)"
            try OSTreeCommand.initRepo(repository, mode: number % 2 == 0 ? .archive : .bareUser)
            try OSTreeCommand.lines(repository, ["config", "set", "core.fsync", "false"])
            let commits = try (0..<RaceGround.artifactsOfEach).map { artifact in
                let tree = "\(place)/tree"
                try RaceGround.makeTree(tree, builder: number, artifact: artifact)
                defer { try? FileManager.default.removeItem(atPath: tree) }
                return try OSTreeCommand.commit(
                    repository, tree: tree, refs: ["artifact/\(artifact)"],
                    options: ["--no-bindings", "--timestamp=2026-01-01 00:00:00 +0000"])
            }
            builders.append((repository, commits))
        }
        self.builders = builders
    }

    /// Some files are shared by all artifacts, some by the copies of one artifact, and some are unique.
    private static func makeTree(_ path: String, builder: Int, artifact: Int) throws {
        for (name, text) in [
            ("all", "all"), ("same", "same \(artifact)"), ("own", "own \(builder) \(artifact)"),
        ] {
            let directory = "\(path)/\(name)/deep"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for number in 0..<8 {
                try Data("\(text) \(number)\n".utf8).write(to: URL(fileURLWithPath: "\(directory)/\(number)"))
            }
        }
        let noise = SampleTree.noise(count: 200_000, seed: UInt64(builder * 1000 + artifact))
        try Data(noise).write(to: URL(fileURLWithPath: "\(path)/large"))
    }

    /// Lets a ref of a builder point to a commit.
    func point(_ ref: String, of repository: String, to commit: String) throws {
        let path = "\(repository)/refs/heads/\(ref)"
        let directory = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data("\(commit)\n".utf8).write(to: URL(fileURLWithPath: path))
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: place)
    }
}
