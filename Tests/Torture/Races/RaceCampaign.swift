// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Many pushes, many other programs and one cache.
struct RaceCampaign {
    let seconds: Double
    let pushers: Int
    /// True if some of them come over ssh.
    let usesSSH: Bool

    /// Runs, checks the cache afterwards, and returns counts and broken promises.
    func run() throws -> RaceRecord.State {
        let ground = try RaceGround(builders: min(pushers, 6))
        defer { ground.remove() }
        let record = RaceRecord()
        let receiver = "\(try Programs.receiver()) --moves forward"
        let server =
            usesSSH
            ? try SSHServer(
                forceCommand: "\(receiver) \(ground.cache)", environmentPath: Programs.searchPath) : nil
        let isOver = RaceLength.seconds(seconds).begin(record)
        var work: [@Sendable () throws -> Void] = (0..<pushers).map { number in
            var remote = ["--remote", ground.cache, "--receiver", receiver]
            if let server, number % 8 == 7 {
                let ssh = server.sshCommand.joined(separator: " ")
                remote = ["--remote", "localhost:cache", "--ssh", ssh]
            }
            let pusher = RacePusher(ground: ground, record: record, number: number, remote: remote)
            return { try pusher.run(until: isOver) }
        }
        let crowd = RaceCrowd(ground: ground, record: record)
        work += crowd.members.map { member in
            {
                var round = 0
                while !isOver() {
                    round += 1
                    try member.act(round)
                }
            }
        }
        let roots = [getpid()] + (server.map { [$0.processID] } ?? [])
        work.append {
            RaceCrowd.kill(until: isOver, below: roots, record) {
                $0.first?.hasSuffix("bst-artifact-receive") == true
            }
        }
        RaceCampaign.inParallel(work, record)
        try verify(ground, record)
        return record.snapshot
    }

    static func inParallel(_ work: [@Sendable () throws -> Void], _ record: RaceRecord) {
        let group = DispatchGroup()
        for item in work {
            group.enter()
            let thread = Thread {
                do { try item() } catch { record.fail("\(error)") }
                group.leave()
            }
            thread.start()
        }
        group.wait()
    }

    private func verify(_ ground: RaceGround, _ record: RaceRecord) throws {
        let cache = ground.cache
        // What the next receiver does first.
        try TestSupport.run([Programs.artifact(), "repo", "recover", "--repo", cache]).checked()
        do { try OSTreeCommand.fsck(cache) } catch { record.fail("fsck: \(error)") }
        let state = record.snapshot
        // Nothing was tried if nothing worked.
        let acknowledged = state.counts["acknowledged"] ?? 0
        if acknowledged < pushers / 2 { record.fail("only \(acknowledged) pushes were acknowledged") }
        RaceCampaign.verify(state, in: cache, record)
        // The next push has to remove what the killed ones left, and works.
        let (repository, commits) = ground.builders[0]
        try ground.point("after/all", of: repository, to: commits[0])
        try TestSupport.run(
            [Programs.artifact(), "push", "--repo", repository, "--remote", cache, "after/all"],
            environment: RacePusher.environment
        ).checked()
        let garbage = try FileManager.default.contentsOfDirectory(atPath: "\(cache)/tmp").filter {
            $0.hasPrefix("bst-artifact-") && !$0.hasPrefix("bst-artifact-push-")
        }
        if !garbage.isEmpty { record.fail("left in tmp: \(garbage)") }
    }

    /// Checks that every acknowledged ref is where it was put, and that refs have moved together.
    ///
    /// - Parameter mayReplace: true if a ref may have been at several commits, one after the other.
    static func verify(
        _ state: RaceRecord.State, in repository: String, _ record: RaceRecord, mayReplace: Bool = false
    ) {
        func commit(_ ref: String) -> String? {
            FileManager.default.contents(atPath: "\(repository)/refs/heads/\(ref)").map {
                String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            }
        }
        for (ref, commits) in state.acknowledged.sorted(by: { $0.key < $1.key }) {
            let found = commit(ref)
            if commits.count > 1, !mayReplace {
                record.fail("\(ref) was acknowledged at \(commits.count) commits")
            }
            if !commits.contains(found ?? "") {
                record.fail("\(ref) was acknowledged at \(commits), and is at \(found ?? "none")")
            }
        }
        for (refs, wanted) in state.together {
            let found = Set(refs.map { commit($0) ?? "none" })
            if found != [wanted] && found != ["none"] {
                record.fail("\(refs) did not move together: \(found)")
            }
        }
    }
}
