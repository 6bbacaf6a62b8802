// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport

/// Many pushes, with receivers of four hosts and without any, into one cache in a bucket, through two gateways of Ceph.
struct BucketRaceCampaign {
    let length: RaceLength
    let pushers: Int
    /// The time from one kill to the next, in seconds on average.
    var killInterval = RaceCrowd.killInterval

    /// Runs, checks the cache afterwards, and returns counts and broken promises.
    func run() throws -> RaceRecord.State {
        let ground = try RaceGround(builders: min(pushers, 6))
        defer { ground.remove() }
        let bucket = try CephBucket(prefix: "team/a")
        try bucket.allowReading()
        let hosts = try (0..<4).map { try BucketRaceHost($0, bucket, ground) }
        try hosts[0].artifact(["init", hosts[0].address]).checked()
        let record = RaceRecord()
        let isOver = length.begin(record)
        var work: [@Sendable () throws -> Void] = try (0..<pushers).map { number in
            let host = hosts[number % hosts.count]
            let pusher = RacePusher(
                ground: ground, record: record, number: number,
                remote: try host.remote(byReceiver: number / hosts.count % 2 == 0),
                environment: host.environment)
            return { try pusher.run(until: isOver) }
        }
        let crowd = BucketRaceCrowd(hosts: hosts, ground: ground, record: record)
        work += crowd.members.map { member in
            {
                var round = 0
                while !isOver() {
                    round += 1
                    try member(round)
                }
            }
        }
        work.append {
            RaceCrowd.kill(until: isOver, every: killInterval, below: [getpid()], record) { words in
                words.first?.hasSuffix("bst-artifact-receive") == true || words.dropFirst().first == "push"
            }
        }
        RaceCampaign.inParallel(work, record)
        try verify(hosts[0], bucket, ground, record)
        return record.snapshot
    }

    private func verify(
        _ host: BucketRaceHost, _ bucket: CephBucket, _ ground: RaceGround, _ record: RaceRecord
    ) throws {
        try host.artifact(["repo", "recover", host.address]).checked()
        try host.artifact(["repo", "summary", host.address, "--changed"]).checked()
        let places = ["by-us", "by-ostree"].map { "\(ground.place)/\($0)" }
        for place in places { try OSTreeCommand.initRepo(place, mode: .archive) }
        do {
            try host.artifact(
                ["pull", "--repo", places[0], "--remote", host.address, "--all", "--into", "mirror"]
            ).checked()
            // Through the views, as every other program does.
            try OSTreeCommand.addRemote(places[1], "origin", url: bucket.url)
            try OSTreeCommand.pull(places[1], remote: "origin", refs: [], options: ["--mirror"])
            for place in places { try OSTreeCommand.fsck(place) }
        } catch {
            record.fail("what was published is not whole: \(error)")
        }
        let state = record.snapshot
        let acknowledged = state.counts["acknowledged"] ?? 0
        if acknowledged < pushers / 2 { record.fail("only \(acknowledged) pushes were acknowledged") }
        for place in places {
            // Without a receiver nobody forbids that an artifact takes the place of another.
            RaceCampaign.verify(state, in: place, record, mayReplace: true)
        }
        let entries = try host.artifact(["repo", "log", "--repo", host.address, "--json"]).checked()
        record.count("entries of the log", entries.text.split(whereSeparator: \.isNewline).count)
    }
}
