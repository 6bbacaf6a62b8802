// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3
import S3Samples
import TestSupport
import Testing

/// The programs, with a cache in a bucket of Ceph whose histories are cut.
@Suite struct BucketHistoryProgramsTests {
    private let bucket: CephBucket
    private let stage: BucketStage
    /// The commits of a ref, the oldest first.
    private let commits: [String]

    init() throws {
        bucket = try CephBucket(prefix: "team-a")
        stage = try BucketStage("\(bucket.location)", [bucket.environment(), bucket.environment(gateway: 1)])
        try stage.artifact(["init", stage.address]).checked()
        var commits: [String] = []
        for number in 1...4 {
            commits.append(
                try stage.commit(
                    "os/stable", ["usr/own": "\(number)\n", "usr/same": "same\n"],
                    parent: commits.last ?? "none"))
        }
        self.commits = commits
        try stage.push(["os/stable"]).checked()
    }

    private func expire(_ options: [String]) throws -> ProcessResult {
        // Objects of this second, too.
        try stage.artifact(
            ["repo", "expire", stage.address, "--object-age", "0h", "--grace", "0h"] + options)
    }

    private func history(_ repository: String, _ ref: String = "os/stable") throws -> [String] {
        try OSTreeCommand.lines(repository, ["log", ref]).filter { $0.hasPrefix("commit ") }
            .map { String($0.dropFirst(7)) }
    }

    /// Waits until objects that are there are older than none, by a store's clock of whole seconds, which is this machine's.
    private func waitForClock() {
        let second = time(nil)
        #expect(eventually(within: 5) { time(nil) > second })
    }

    private func cut() throws {
        waitForClock()
        try expire(["--keep-commits", "2"]).checked()
    }

    @Test func `Expiry says how many commits go, and readers find the history that is left`() throws {
        waitForClock()
        let plan = try expire(["--keep-commits", "2", "--dry-run"]).checked()
        #expect(plan.text.contains("8 objects would go, 2 commits among them"), "\(plan.text)")
        let gone = try expire(["--keep-commits", "2", "--json"]).checked()
        let json = try JSONSerialization.jsonObject(with: Data(gone.output)) as? [String: Any]
        #expect(json?["commits"] as? Int == 2 && json?["objects"] as? Int == 8, "\(gone.text)")
        let check = try stage.artifact(["repo", "fsck", stage.address]).checked()
        #expect(check.text.contains("2 commits, 1 ref: nothing is damaged"), "\(check.text)")
        // ostree, with all history that there is.
        try bucket.allowReading()
        let mirror = try stage.repository("mirror", .archive)
        try OSTreeCommand.lines(mirror, ["remote", "add", "--no-gpg-verify", "bucket", bucket.url])
        try OSTreeCommand.lines(mirror, ["pull", "--mirror", "--depth=-1", "bucket", "os/stable"])
        #expect(try history(mirror) == commits.suffix(2).reversed())
        try OSTreeCommand.fsck(mirror)
        // We, from its web server and with keys.
        for remote in [bucket.url, stage.address] {
            let place = try stage.repository("place-\(UInt32.random(in: 0 ... .max))")
            try stage.artifact(
                ["pull", "--repo", place, "--remote", remote, "--depth", "all", "os/stable"]).checked()
            #expect(try history(place) == commits.suffix(2).reversed())
            try OSTreeCommand.fsck(place)
        }
        let back = stage.directory.path("back")
        try stage.artifact(["copy", stage.address, back]).checked()
        #expect(try history(back) == commits.suffix(2).reversed())
        try OSTreeCommand.fsck(back)
    }

    @Test(arguments: [false, true])
    func `Pushes go on from a history that was cut, and do not fill it in`(_ usesReceiver: Bool) throws {
        try cut()
        let way = try usesReceiver ? Stage.receiver([]) : []
        let same = try stage.push(["os/stable"], way).checked()
        #expect(same.text.contains("os/stable: there already"), "\(same.text)")
        let next = try stage.commit("os/stable", ["usr/own": "5\n"], parent: commits[3])
        try stage.push(["os/stable"], way).checked()
        try stage.pull(["os/stable"], ["--depth", "all"]).checked()
        #expect(try history(stage.theirs) == [next] + commits.suffix(2).reversed())
        // The parent of this one was cut.
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=os/release", commits[2]])
        try stage.push(["os/release"], way).checked()
        try stage.pull(["os/release"], ["--depth", "all"]).checked()
        #expect(try history(stage.theirs, "os/release") == [commits[2]])
        // An old commit is sent again under another name, with what was before it.
        try OSTreeCommand.lines(stage.mine, ["refs", "--create=os/old", commits[1]])
        try stage.push(["os/old"], way).checked()
        try stage.pull(["os/old"], ["--depth", "all"]).checked()
        #expect(try history(stage.theirs, "os/old") == [commits[1], commits[0]])
        try stage.artifact(["repo", "fsck", stage.address]).checked()
        try OSTreeCommand.fsck(stage.theirs)
    }

    @Test func `A receiver puts an unrelated commit on top of a history that was cut`() throws {
        try cut()
        let other = try stage.repository("other")
        _ = try stage.commit("os/stable", ["usr/own": "new\n"], in: other)
        try stage.push(["os/stable"], from: other, Stage.receiver(["--reparent"])).checked()
        try stage.pull(["os/stable"], ["--depth", "all"]).checked()
        #expect(try history(stage.theirs).dropFirst() == [commits[3], commits[2]])
    }
}
