// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport
import Testing

/// `repo pin` and `repo unpin` of a cache in a bucket, and the commands that look at pins.
@Suite struct BucketPinCommandTests {
    private let store: ToyStore
    private let stage: BucketStage

    init() throws {
        store = try ToyStore()
        store.now = Int(Date().timeIntervalSince1970) - 10 * 86_400
        stage = try BucketStage(cacheIn: store)
        for number in 1...3 { _ = try stage.commit("a/b/\(number)", ["file": "\(number)\n"]) }
        try stage.push(["--all"]).checked()
        store.now = Int(Date().timeIntervalSince1970)
    }

    @discardableResult
    private func repo(_ command: String, _ options: [String] = []) throws -> ProcessResult {
        try stage.artifact(["repo", command, "--repo", stage.address] + options)
    }

    @Test func `Pins of a bucket are shown as those of a directory, with the same statuses`() throws {
        let directory = try stage.repository("cache", .archive)
        try stage.artifact(["push", "--repo", stage.mine, "--remote", directory, "--all"]).checked()
        for command in [
            "pin", "pin a/b/1 releases/*", "pin a/b/1", "pin", "pin --json", "pin a/b/2 --json", "pin a/b/4",
            "pin no/where/at/all", "pin a//b", "unpin a/b/3", "unpin releases/", "unpin a/b/1",
            "unpin a/b/2 releases/* --json", "pin --json",
        ] {
            let words = command.split(separator: " ").map(String.init)
            let results = try [stage.address, directory].map { place in
                let result = try stage.artifact(["repo", words[0], "--repo", place] + words.dropFirst())
                return [result.text, result.errorText, "\(result.status)"].map {
                    $0.replacing(place, with: "PLACE")
                        .replacing("bst-artifact list --remote PLACE", with: "ostree refs --repo=PLACE")
                        .replacing("s3:\\/\\/toy\\/team-a", with: "PLACE")
                        .replacing(place.replacing("/", with: "\\/"), with: "PLACE")
                }
            }
            #expect(results[0] == results[1], "\(command)")
        }
    }

    @Test func `A pinned ref is kept by expiry, and neither deleted directly nor through a receiver`() throws
    {
        try repo("pin", ["*/1"]).checked()
        let plan = try repo("expire", ["--older-than", "9d", "--keep", "*/2", "--dry-run"]).checked()
        #expect(
            plan.text.contains("a/b/3: last used") && plan.text.contains("1 ref would go"), "\(plan.text)")
        let expired = try repo("expire", ["--older-than", "9d", "--keep", "*/2", "--grace", "0h"]).checked()
        #expect(expired.text.contains("1 ref gone"), "\(expired.text)")
        for way in try [[], Stage.receiver(["--allow-delete"])] {
            let refused = try stage.artifact(
                ["delete", "--remote", stage.address] + way + ["a/b/1", "a/b/2"])
            #expect(refused.status == .exited(5), "\(refused.errorText)")
            #expect(refused.errorText.contains("ref a/b/1 is not deleted, since it is pinned"))
        }
        try repo("unpin", ["*/1"]).checked()
        try stage.artifact(["delete", "--remote", stage.address, "a/b/1"]).checked()
        let refs = try stage.artifact(["list", "--remote", stage.address]).checked()
        #expect(refs.lines == ["a/b/2"])
        let log = try repo("log").checked()
        #expect(log.lines.count { $0.hasSuffix(": pins were changed") } == 2, "\(log.text)")
        let json = try repo("log", ["--json"]).checked()
        #expect(json.lines.count { $0.contains("\"pins\":true") } == 2, "\(json.text)")
        try repo("fsck").checked()
    }

    @Test func `A copy takes pins along, and leaves those that are there`() throws {
        let local = stage.directory.path("local")
        try repo("pin", ["a/b/1", "releases/*"]).checked()
        let copied = try stage.artifact(["copy", stage.address, local]).checked()
        #expect(copied.text.contains("releases/*: pinned") && copied.text.contains("3 refs copied"))
        try stage.artifact(["repo", "pin", "--repo", local, "a/b/2"]).checked()
        let back = try stage.artifact(["copy", local, stage.address, "--json"]).checked()
        #expect(back.text.contains("\"pinned\":[\"a/b/2\"]"), "\(back.text)")
        try stage.artifact(["repo", "unpin", "--repo", local, "a/b/1"]).checked()
        try stage.artifact(["copy", local, stage.address]).checked()
        #expect(try repo("pin").lines == ["a/b/1", "a/b/2", "releases/*"])
    }
}
