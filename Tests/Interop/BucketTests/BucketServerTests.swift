// SPDX-License-Identifier: Apache-2.0

import S3Samples
import TestSupport
import Testing

/// `setup-server` for a cache in a bucket, whose receiver runs as a user of its own.
@Suite(.enabled(if: TestUser.canBeMade, "only root can make users"))
struct BucketServerTests {
    private let bucket: CephBucket
    private let address: String
    private let user: TestUser
    private let program: String
    private let directory: TemporaryDirectory

    init() throws {
        bucket = try CephBucket(prefix: "team-a")
        address = "\(bucket.location)"
        user = try TestUser()
        directory = try TemporaryDirectory()
        program = try user.install(Programs.artifact())
        _ = try user.install(Programs.receiver())
    }

    /// Runs `setup-server` as root, in whose environment are other settings than the user's.
    private func setup(_ options: [String]) throws -> ProcessResult {
        try run(
            [program, "setup-server", "--user", user.name, "--home", user.home, "--repo", address]
                + ["--sshd-config", directory.path("sshd.conf")] + options,
            environment: ["AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "roots-key"])
    }

    private func check() throws -> [String] { try setup(["--check"]).lines }

    /// Writes the user's settings.
    private func configure(secret: String = CephStore.secretKey) throws {
        let script = """
            umask 077; mkdir -p ~/.aws
            printf %s "$CONFIG" >~/.aws/config
            printf %s "$CREDENTIALS" >~/.aws/credentials
            """
        _ = try user.run(
            ["sh", "-c", script],
            environment: [
                "CONFIG": "[default]\nregion = us-east-1\nendpoint_url = \(bucket.ceph.endpoints[0])\n",
                "CREDENTIALS": """
                [default]
                aws_access_key_id = \(CephStore.accessKey)
                aws_secret_access_key = \(secret)
                """,
            ]
        ).checked()
    }

    @Test func `Each thing that a bucket's receiver lacks is found, and what is there is fine`() throws {
        let none = try check()
        #expect(none.contains { $0.hasPrefix("error") && $0.contains("credentials") }, "\(none)")
        try configure(secret: "wrong")
        let wrong = try check()
        #expect(
            wrong.contains { $0.hasPrefix("error") && $0.contains("\(user.home)/.aws/credentials") },
            "\(wrong)")
        try configure()
        let missing = try check()
        let remedy = "runuser -u \(user.name) -- bst-artifact init \(address)"
        #expect(missing.contains { $0.hasPrefix("error") && $0.hasSuffix(remedy) }, "\(missing)")
        _ = try user.run([program, "init", address]).checked()
        let fine = "ok       \(user.name) can write the cache at \(address), whose store keeps conditions"
        let well = try check()
        #expect(well.contains(fine), "\(well)")
        try run(["chmod", "644", "\(user.home)/.aws/credentials"]).checked()
        let open = try check()
        #expect(open.contains { $0.hasSuffix("chmod 600 \(user.home)/.aws/credentials") }, "\(open)")
        #expect(!(none + wrong + missing + open).joined().contains(CephStore.secretKey))
    }

    @Test func `It is planned to make a cache, unless there is one`() throws {
        let step = "make a cache at \(address), with the settings and credentials in \(user.home)/.aws"
        let plan = try setup(["--dry-run"]).checked()
        #expect(plan.lines.last?.hasSuffix(step) == true, "\(plan.text)")
        #expect(!plan.text.contains("repository"))
        try configure()
        _ = try user.run([program, "init", address]).checked()
        let rest = try setup(["--dry-run"]).checked()
        #expect(!rest.text.contains("make a cache") && rest.text.contains("sshd's settings"), "\(rest.text)")
    }

    @Test func `Settings of sshd start a receiver that takes a push into the bucket`() throws {
        try configure()
        _ = try user.run([program, "init", address]).checked()
        let command = "\(user.home)/bin/bst-artifact-receive --verbose \(address)"
        let server = try SSHServer(forceCommand: command, user: user.name)
        let stage = try BucketStage(address, [bucket.environment()])
        _ = try stage.commit("hello/base/1", ["file": "hello\n"])
        let remote = "ssh://\(user.name)@\(server.host):\(server.port)/team-a"
        try run(
            [Programs.artifact(), "push", "--repo", stage.mine, "--remote", remote, "hello/base/1"],
            environment: ["BST_ARTIFACT_SSH": server.sshCommand.joined(separator: " ")]
        ).checked()
        try stage.pull(["hello/base/1"]).checked()
    }
}
