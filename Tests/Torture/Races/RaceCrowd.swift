// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Everything else that works on the cache meanwhile.
struct RaceCrowd {
    let ground: RaceGround
    let record: RaceRecord

    /// A thread that repeats one action.
    struct Member: Sendable {
        let name: String
        let act: @Sendable (Int) throws -> Void
    }

    var members: [Member] {
        let (ground, record) = (ground, record)
        let cache = ground.cache
        @Sendable func ostree(_ repository: String, _ arguments: [String], _ what: String) throws {
            let result = try OSTreeCommand.attempt(repository, arguments)
            record.count(what)
            if !result.succeeded { record.fail("\(what) failed: \(result.errorText.suffix(400))") }
        }
        return [
            Member(name: "prune") { round in
                if round % 2 == 0 {
                    try ostree(cache, ["prune", "--refs-only"], "prunes")
                } else {
                    // With this option, ostree looks at the refs before it takes its lock, so it needs ours.
                    let result = try run(
                        [
                            "flock", "\(cache)/refs/heads", "ostree", "--repo=\(cache)", "prune",
                            "--refs-only", "--keep-younger-than=1 hour ago",
                        ])
                    record.count("prunes")
                    if !result.succeeded { record.fail("prune failed: \(result.errorText.suffix(400))") }
                }
                usleep(200_000)
            },
            Member(name: "delete") { _ in
                for ref in try OSTreeCommand.lines(cache, ["refs", "--list", "scratch"]) {
                    try OSTreeCommand.lines(cache, ["refs", "--delete", ref])
                }
                usleep(300_000)
            },
            Member(name: "summary") { _ in
                let result = try OSTreeCommand.attempt(cache, ["summary", "-u"])
                record.count(result.succeeded ? "summaries" : "summaries that missed a deleted ref")
                usleep(200_000)
            },
            Member(name: "pull") { round in
                // By its commit: ostree looks refs up in the summary, which is behind.
                guard let (_, commit) = record.pullable(round) else { return }
                let target = "\(ground.place)/pulled-by-ostree"
                if access(target, F_OK) != 0 { try OSTreeCommand.initRepo(target, mode: .bareUser) }
                try ostree(target, ["pull-local", cache, commit], "pulls")
            },
            Member(name: "our pull") { round in
                guard let (ref, _) = record.pullable(round) else { return }
                let target = "\(ground.place)/pulled-by-us"
                if access(target, F_OK) != 0 { try OSTreeCommand.initRepo(target, mode: .bareUser) }
                let result = try run(
                    [Programs.artifact(), "pull", "--repo", target, "--remote", "file://\(cache)", ref],
                    environment: RacePusher.environment)
                record.count("pulls")
                if !result.succeeded { record.fail("pull of \(ref) failed: \(result.errorText.suffix(400))") }
            },
            Member(name: "cut history") { _ in
                // Removes what nothing needs, and no ref.
                let result = try run(
                    [Programs.artifact(), "repo", "expire", "--repo", cache, "--keep-commits", "1"],
                    environment: RacePusher.environment)
                record.count("cuts of history")
                if !result.succeeded { record.fail("expire failed: \(result.errorText)") }
                usleep(300_000)
            },
            Member(name: "expire") { _ in
                let result = try run(
                    [
                        Programs.artifact(), "repo", "expire", "--repo", cache, "--max-size", "1M",
                        "--dry-run",
                    ],
                    environment: RacePusher.environment)
                record.count("dry runs of expiry")
                // What pushes in progress rely on may be more than there may be.
                let isSound = result.succeeded || result.errorText.contains("nothing else may go")
                if !isSound { record.fail("expire --dry-run failed: \(result.errorText)") }
                usleep(300_000)
            },
        ]
    }

    /// The usual time from one kill to the next, in seconds on average.
    static let killInterval = 0.175

    /// Kills programs at random, those of this run only.
    ///
    /// - Parameters:
    ///   - interval: the time from one to the next, in seconds on average.
    ///   - isVictim: chooses programs by their arguments.
    static func kill(
        until isOver: () -> Bool, every interval: Double = RaceCrowd.killInterval, below roots: [pid_t],
        _ record: RaceRecord,
        _ isVictim: ([String]) -> Bool
    ) {
        var random = Random(seed: 4711)
        while !isOver() {
            let thousandths = 286 + Double(random.next() % 1429)
            usleep(useconds_t(interval * thousandths * 1000))
            let victims = roots.flatMap { ProcessTree.descendants(of: $0) }.filter { process in
                let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
                return isVictim(words.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
            }
            guard !victims.isEmpty else { continue }
            Glibc.kill(victims[Int(random.next() % UInt64(victims.count))], SIGKILL)
            record.count("kills")
        }
    }
}
