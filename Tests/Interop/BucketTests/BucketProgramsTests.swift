// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3
import S3Samples
import TestSupport
import Testing

/// The programs, with a cache in a bucket of Ceph.
@Suite struct BucketProgramsTests {
    private let bucket: CephBucket
    private let stage: BucketStage

    init() throws {
        bucket = try CephBucket(prefix: "team-a")
        stage = try BucketStage("\(bucket.location)", [bucket.environment(), bucket.environment(gateway: 1)])
    }

    @Test(arguments: [false, true])
    func `What one machine pushes, another one pulls, through either gateway`(_ usesReceiver: Bool) throws {
        let way = try usesReceiver ? Stage.receiver(["--verbose"]) : []
        let made = try stage.artifact(["init", stage.address]).checked()
        #expect(made.lines == ["\(stage.address): new cache"])
        #expect(try stage.artifact(["init", stage.address]).lines == ["\(stage.address): cache, as before"])
        let first = try stage.commit("hello/base/1", ["usr/bin/hello": "hello\n", "usr/share/doc": "text\n"])
        try stage.push(["hello/base/1"], way).checked()
        try stage.pull(["hello/base/1"], gateway: 1).checked()
        #expect(try OSTreeCommand.revParse(stage.theirs, "hello/base/1") == first)
        try OSTreeCommand.fsck(stage.theirs)
        let second = try stage.commit(
            "hello/base/2", ["usr/bin/hello": "other\n", "usr/share/doc": "text\n"])
        let pushed = try stage.push(["hello/base/2"], way, gateway: 1).checked()
        // A commit, three directories and a file.
        #expect(pushed.lines.last?.contains("pushed 5 objects") == true, "\(pushed.text)")
        try stage.pull(["hello/base/2"]).checked()
        #expect(try OSTreeCommand.revParse(stage.theirs, "hello/base/2") == second)
        let again = try stage.push(["hello/base/2"], way).checked()
        #expect(again.text.contains("hello/base/2: there already"), "\(again.text)")
        try OSTreeCommand.fsck(stage.theirs)
    }

    @Test func `Several refs are pushed at once, replaced and deleted`() throws {
        try stage.artifact(["init", stage.address]).checked()
        let first = try stage.commit("a/b/1", ["file": "first\n"])
        _ = try stage.commit("a/b/2", ["file": "second\n"])
        try stage.push(["a/b/1", "a/b/2"]).checked()
        let replaced = try stage.commit("a/b/1", ["file": "replaced\n"])
        #expect(replaced != first)
        let push = try stage.push(["a/b/1", "a/b/2"]).checked()
        #expect(push.text.contains("a/b/1"), "\(push.text)")
        try stage.pull(["a/b/1", "a/b/2"]).checked()
        #expect(try OSTreeCommand.revParse(stage.theirs, "a/b/1") == replaced)
        let refused = try stage.artifact(["delete", "--remote", stage.address, "a/b/1"] + Stage.receiver([]))
        #expect(refused.failed)
        try stage.artifact(["delete", "--remote", stage.address, "a/b/1"]).checked()
        let gone = try stage.pull(["a/b/1"])
        #expect(gone.status == .exited(3), "\(gone.text) \(gone.errorText)")
        try stage.pull(["a/b/2"]).checked()
        let beside = try stage.commit("a/b/2/c", ["file": "below\n"], in: stage.repository("other"))
        #expect(!beside.isEmpty)
        let conflict = try stage.push(["a/b/2/c"], from: stage.directory.path("other"))
        #expect(conflict.failed && conflict.errorText.contains("cannot exist beside ref a/b/2"))
    }

    @Test func `ostree pulls from a public bucket, and so do we`() throws {
        try stage.artifact(["init", stage.address]).checked()
        let commit = try stage.commit("hello/base/1", ["usr/bin/hello": "hello\n"])
        try stage.push(["hello/base/1"]).checked()
        try bucket.allowReading()
        let mirror = try stage.repository("mirror", .archive)
        try OSTreeCommand.lines(mirror, ["remote", "add", "--no-gpg-verify", "bucket", bucket.url])
        try OSTreeCommand.lines(mirror, ["pull", "--mirror", "bucket", "hello/base/1"])
        #expect(try OSTreeCommand.revParse(mirror, "hello/base/1") == commit)
        try OSTreeCommand.fsck(mirror)
        try stage.artifact(["pull", "--repo", stage.theirs, "--remote", bucket.url, "hello/base/1"]).checked()
        #expect(try OSTreeCommand.revParse(stage.theirs, "hello/base/1") == commit)
    }

    @Test func `A buildstream.conf names a bucket for push, check, list and pull`() throws {
        try stage.artifact(["init", stage.address]).checked()
        let commit = try stage.commit("hello/base/1", ["usr/bin/hello": "hello\n"])
        let file = try stage.directory.file("buildstream.conf", "artifacts: {url: \(stage.address)}\n")
        let configuration = ["--config", file]
        #expect(try stage.artifact(["check"] + configuration).checked().lines.first == stage.address)
        try stage.artifact(["push", "--repo", stage.mine] + configuration + ["hello/base/1"]).checked()
        #expect(try stage.artifact(["list"] + configuration).checked().lines == ["hello/base/1"])
        // Without keys, behind a cache that does not answer.
        try bucket.allowReading()
        try stage.directory.file(
            "buildstream.conf",
            """
            artifacts:
            - url: https://127.0.0.1:1/artifacts
            - url: \(bucket.url)
            projects:
              hello: {artifacts: {url: \(stage.address)-which-is-not-there, push: false}}
            """)
        try stage.artifact(["pull", "--repo", stage.theirs] + configuration + ["hello/base/1"]).checked()
        #expect(try OSTreeCommand.revParse(stage.theirs, "hello/base/1") == commit)
        let push = try stage.artifact(["push", "--repo", stage.mine] + configuration + ["hello/base/1"])
        #expect(push.failed && push.errorText.contains("names no cache to push to"), "\(push.errorText)")
    }

    @Test func `What cannot be used says so, and exits with an error`() throws {
        _ = try stage.commit("hello/base/1", ["file": "hello\n"])
        let none = try stage.push(["hello/base/1"])
        #expect(
            none.failed && none.errorText.contains("there is no cache at \(stage.address)"),
            "\(none.errorText)")
        let name = try stage.artifact(
            ["push", "--repo", stage.mine, "--remote", "s3://x", "hello/base/1"])
        #expect(name.failed && name.errorText.contains("3 to 63 characters"), "\(name.errorText)")
        let group = try stage.artifact(["init", "--collection-id", "org.example.Os", stage.address])
        #expect(group.failed && group.errorText.contains("no collection"), "\(group.errorText)")
        let bucket = try stage.artifact(["init", "s3://no-such-bucket-here"])
        #expect(
            bucket.status == .exited(3) && bucket.errorText.contains("no such bucket"), "\(bucket.errorText)")
        let secret = bucket.errorText + none.errorText + name.errorText + group.errorText
        #expect(!secret.contains(CephStore.secretKey))
        try stage.artifact(["init", stage.address]).checked()
        let space = try stage.push(["hello/base/1"], Stage.receiver(["--min-free", "1G"]))
        #expect(space.failed && space.errorText.contains("--min-free"), "\(space.errorText)")
    }

    @Test func `Policies of a receiver hold for a bucket, too`() throws {
        try stage.artifact(["init", stage.address]).checked()
        _ = try stage.commit("hello/base/1", ["file": "hello\n"])
        let ref = try stage.push(["hello/base/1"], Stage.receiver(["--deny-ref", "hello/*"]))
        #expect(ref.status == .exited(5), "\(ref.errorText)")
        let size = try stage.push(["hello/base/1"], Stage.receiver(["--max-push-size", "10"]))
        #expect(size.status == .exited(5), "\(size.errorText)")
        let full = try stage.push(["hello/base/1"], Stage.receiver(["--max-size", "10"]))
        #expect(full.status == .exited(5), "\(full.errorText)")
        #expect(full.errorText.contains("takes at most 10 bytes and has 0"), "\(full.errorText)")
        let hook = try stage.directory.file("hook", "#!/bin/sh\ncat >&2; exit 1\n")
        _ = try run(["chmod", "+x", hook]).checked()
        let checked = try stage.push(["hello/base/1"], Stage.receiver(["--pre-receive", hook]))
        #expect(checked.status == .exited(5), "\(checked.errorText)")
        #expect(checked.errorText.contains("hello/base/1"))
        let key = try Ed25519Key()
        let secretFile = try stage.directory.file("secret", key.seed())
        let publicFile = try stage.directory.file("public", Data(key.publicKey).base64EncodedString())
        let signed = try stage.push(["hello/base/1"], Stage.receiver(["--verify-ed25519", publicFile]))
        #expect(signed.status == .exited(5), "\(signed.errorText)")
        #expect(try stage.pull(["hello/base/1"]).status == .exited(3))
        try stage.push(["hello/base/1"], Stage.receiver(["--sign-ed25519", secretFile, "--max-size", "1M"]))
            .checked()
        try stage.pull(["hello/base/1"], ["--verify-ed25519", publicFile]).checked()
    }
}
