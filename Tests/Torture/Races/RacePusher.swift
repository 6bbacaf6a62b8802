// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A builder that pushes one artifact after the other.
struct RacePusher {
    let ground: RaceGround
    let record: RaceRecord
    let number: Int
    /// The address and options that lead to the cache.
    let remote: [String]
    var environment = RacePusher.environment

    static let environment: [String: String?] = [
        "XDG_CONFIG_HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "BST_ARTIFACT_SSH": nil,
    ]

    /// Pushes until the end.
    func run(until isOver: () -> Bool) throws {
        var random = Random(seed: UInt64(number) &+ 77)
        var round = 0
        while !isOver() {
            round += 1
            switch random.next() % 4 {
            case 0: try pushRaced(round, &random)
            case 1: try pushScratch(round, &random)
            default: try pushSeveral(round, &random)
            }
        }
    }

    private var builder: (repository: String, commits: [String]) {
        ground.builders[number % ground.builders.count]
    }

    private func choose(_ random: inout Random) -> String {
        builder.commits[Int(random.next() % UInt64(builder.commits.count))]
    }

    /// The strong and the weak name of an artifact, which must appear together.
    private func pushSeveral(_ round: Int, _ random: inout Random) throws {
        let commit = choose(&random)
        let refs = ["strong", "weak", "deep/er"].map { "p/\(number)-\(round)/\($0)" }
        record.begin(refs, at: commit)
        if try push(refs, commit) { record.acknowledge(refs, at: commit) }
    }

    /// A name that others want at the same time.
    private func pushRaced(_ round: Int, _ random: inout Random) throws {
        let refs = ["race/\(Int(Date().timeIntervalSince1970) / 2)"]
        let commit = choose(&random)
        if try push(refs, commit) { record.acknowledge(refs, at: commit) }
    }

    /// A name that is deleted soon, so that ostree has something to prune.
    private func pushScratch(_ round: Int, _ random: inout Random) throws {
        if try push(["scratch/\(number)-\(round)"], choose(&random)) { record.count("scratch pushes") }
    }

    private func push(_ refs: [String], _ commit: String) throws -> Bool {
        let repository = try ownRepository()
        for ref in refs { try ground.point(ref, of: repository, to: commit) }
        for attempt in 1...3 {
            let result = try TestSupport.run(
                [Programs.artifact(), "push", "--repo", repository] + remote + refs,
                environment: environment)
            record.count("pushes")
            if result.succeeded {
                record.count("acknowledged")
                return true
            }
            let text = result.errorText
            switch text {
            case _ where result.status == .signalled(SIGKILL): record.count("client killed")
            case _ where text.contains("is being removed from"):
                record.count("told to wait for a collection")
                usleep(500_000)
            case _ where text.contains("was neither sent nor is it"): record.count("asked again after prune")
            case _
            where text.contains("signal 9") || text.contains("the connection ended early"):
                record.count("receiver killed")
            case _ where refs[0].hasPrefix("race/") && RacePusher.isLostRace(text):
                record.count("told that another won")
                return false
            default:
                record.count("other failures")
                record.fail("push of \(refs) failed, attempt \(attempt): \(text.suffix(600))")
            }
        }
        return false
    }

    private static func isLostRace(_ text: String) -> Bool {
        ["exists already", "not an ancestor", "not at", "does not descend"].contains { text.contains($0) }
    }

    /// A repository with the builder's objects and refs of its own.
    private func ownRepository() throws -> String {
        let path = "\(ground.place)/pusher-\(number)"
        if access(path, F_OK) == 0 { return path }
        try TestSupport.run(["cp", "-al", builder.repository, path]).checked()
        try FileManager.default.removeItem(atPath: "\(path)/refs/heads")
        try FileManager.default.createDirectory(
            atPath: "\(path)/refs/heads", withIntermediateDirectories: true)
        return path
    }
}
