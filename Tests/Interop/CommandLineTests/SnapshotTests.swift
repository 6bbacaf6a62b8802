// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Help, messages and JSON, as `Snapshots` has them.
@Suite struct SnapshotTests {
    @Test func `The help of each command is what was last approved`() throws {
        let stage = try Stage.withArtifacts()
        var text = ""
        func add(_ words: [String]) throws {
            let line = (words + ["--help"]).joined(separator: " ")
            let help = try stage.well(line).text
            text += "$ \(line)\n\(help)\n"
            for child in subcommands(help) { try add(words + [child]) }
        }
        try add(["bst-artifact"])
        try Snapshot.expect(text, is: "help")
    }

    @Test func `The help of the receiver is what was last approved`() throws {
        let help = try TestSupport.run(
            [Programs.receiver(), "--help"], environment: ["COLUMNS": "80"]
        ).checked().text
        try Snapshot.expect(help, is: "help-receive")
    }

    /// Everything that a day with a cache consists of, in the order of the commands.
    private static let day = [
        "bst-artifact --version",
        "bst-artifact init new-cache",
        "bst-artifact push --repo mine --remote /DIR/cache hello/base/4f2a hello/base/97c1 --dry-run",
        "bst-artifact push --repo mine --remote /DIR/cache hello/* world/app/11aa",
        "bst-artifact push --repo mine --remote /DIR/cache hello/base/4f2a",
        "bst-artifact list --remote /DIR/cache",
        "bst-artifact list --remote /DIR/cache --long hello/*",
        "bst-artifact check --remote /DIR/cache",
        "bst-artifact init --mode bare-user other",
        "bst-artifact pull --repo other --remote /DIR/cache hello/base/4f2a --dry-run",
        "bst-artifact pull --repo other --remote /DIR/cache hello/base/4f2a hello/base/97c1",
        "bst-artifact pull --repo other --remote /DIR/cache hello/base/4f2a",
        "bst-artifact show --repo other hello/base/4f2a",
        "bst-artifact diff --repo mine hello/base/4f2a world/app/11aa",
        "bst-artifact checkout --repo other hello/base/4f2a out",
        "bst-artifact repo stats --repo cache",
        "bst-artifact repo log --repo cache",
        "bst-artifact repo fsck --repo cache",
        "bst-artifact repo summary --repo cache",
        "bst-artifact repo pin --repo cache hello/base/4f2a releases/*",
        "bst-artifact repo pin --repo cache",
        "bst-artifact repo expire --repo cache --max-size 1 --dry-run",
        "bst-artifact repo unpin --repo cache releases/*",
        "bst-artifact repo recover --repo cache",
        "bst-artifact delete --remote /DIR/cache --receiver /DIR/deleting world/app/11aa --dry-run",
        "bst-artifact delete --remote /DIR/cache --receiver /DIR/deleting world/app/11aa",
        "bst-artifact setup-server --dry-run --user bst-no-such-user --home /no/such/home --receiver /usr/bin/receiver --sshd-config /no/such/file",
    ]

    /// Commands that fail.
    private static let mistakes = [
        "bst-artifact psuh", "bst-artifact repo exprie", "bst-artifact push --remtoe x a",
        "bst-artifact push --repo mine",
        "bst-artifact push --repo mine --remote /DIR/cache hello/bse/4f2a",
        "bst-artifact push --repo nowhere a",
        "bst-artifact push --repo mine --remote cahce hello/base/4f2a",
        "bst-artifact push --repo mine --remote https://example.com/cache hello/base/4f2a",
        "bst-artifact pull --repo mine --remote /DIR/cache hello/base/4f2b",
        "bst-artifact pull --repo mine --remote /DIR hello/base/4f2a",
        "bst-artifact pull --repo mine --remote /DIR/cache ../x", "bst-artifact init cache --mode bare-user",
        "bst-artifact init cache --mode bare-usr", "bst-artifact checkout --repo mine hello/base/4f2a tree",
        "bst-artifact show --repo mine hello/base", "bst-artifact repo pin --repo cache hello/base/4f2",
        "bst-artifact repo unpin --repo cache hello/base/4f2a", "bst-artifact repo expire --repo cache",
        "bst-artifact delete --remote /DIR/cache hello/base/4f2a",
        "bst-artifact setup-server --user root", "bst-artifact setup-server --key mine/config",
    ]

    private func transcript(_ lines: [String], json: Bool, in stage: Stage) throws -> String {
        try lines.map { line in
            try stage.transcript(line.replacing("/DIR", with: stage.directory.path) + (json ? " --json" : ""))
        }.joined()
    }

    private func stage() throws -> Stage {
        let stage = try Stage.withArtifacts()
        try stage.receiver("--allow-delete --pusher alice", named: "deleting")
        return stage
    }

    @Test func `People read what was last approved`() throws {
        try Snapshot.expect(transcript(Self.day, json: false, in: stage()), is: "people")
    }

    @Test func `Programs read what was last approved`() throws {
        try Snapshot.expect(
            transcript(Self.day.filter { !$0.hasSuffix("--version") }, json: true, in: stage()), is: "json")
    }

    @Test func `Mistakes are told as was last approved`() throws {
        let stage = try stage()
        try stage.well("bst-artifact push --repo mine --remote \(stage.cache) hello/base/4f2a -q")
        try Snapshot.expect(transcript(Self.mistakes, json: false, in: stage), is: "mistakes")
        let failure = try stage.run(
            "bst-artifact pull --repo mine --remote \(stage.cache) none/such/ref --json")
        #expect(
            failure.text.hasPrefix(
                #"{"error":{"status":"notFound","message":"there is no ref none/such/ref at "#))
    }

    @Test func `Every line of JSON is JSON`() throws {
        let stage = try stage()
        for line in Self.day where !line.hasSuffix("--version") {
            let result = try stage.run(line.replacing("/DIR", with: stage.directory.path) + " --json")
            let parsed = try TestSupport.run(
                ["/usr/bin/python3", "-c", "import json, sys\nfor line in sys.stdin: json.loads(line)"],
                input: .bytes(result.output))
            #expect(
                parsed.succeeded && (result.succeeded || line.contains("--max-size 1")),
                "\(line): \(result.text) \(parsed.errorText)")
        }
    }
}
