// SPDX-License-Identifier: Apache-2.0

import Foundation
import S3Samples
import TestSupport
import Testing

/// Signed summaries of a cache in a bucket, as `ostree` verifies them.
@Suite struct BucketSignedSummaryTests {
    private static let signer = "cache@example.com"
    private let store: ToyStore
    private let stage: BucketStage
    private let keys: GPGHome
    /// The summary and its signatures before a request that replaces one of them.
    private struct Moment {
        var path: String
        var summary: [UInt8]?
        var signatures: [UInt8]?
    }
    private let moments: Locked<[Moment]>

    init() throws {
        let moments = Locked<[Moment]>([])
        let toy = Locked<ToyStore?>(nil)
        store = try ToyStore { request in
            if request.method == "PUT", request.path.contains("/summary"),
                let objects = toy.withLock({ $0 })?.snapshot
            {
                let moment = Moment(
                    path: request.path, summary: objects["team-a/summary"]?.bytes,
                    signatures: objects["team-a/summary.sig"]?.bytes)
                moments.withLock { $0.append(moment) }
            }
            return nil
        }
        self.moments = moments
        store.now = Int(Date().timeIntervalSince1970) - 10 * 86_400
        stage = try BucketStage(cacheIn: store)
        let toyStore = store
        toy.withLock { $0 = toyStore }
        keys = try GPGHome()
        try keys.makeKey(Self.signer)
    }

    private var receiver: [String] {
        get throws {
            try Stage.receiver(["--summary-gpg-sign", Self.signer, "--summary-gpg-homedir", keys.path])
        }
    }

    private var signing: [String] { ["--gpg-sign", Self.signer, "--gpg-homedir", keys.path] }

    /// Has ostree read a summary and verify its signatures.
    private func verify(_ summary: [UInt8]?, _ signatures: [UInt8]?) throws -> ProcessResult {
        let client = try stage.repository("client-\(UInt32.random(in: 0 ... .max))")
        let served = try stage.repository("served-\(UInt32.random(in: 0 ... .max))", .archive)
        try Data(#require(summary)).write(to: URL(filePath: "\(served)/summary"))
        try Data(#require(signatures)).write(to: URL(filePath: "\(served)/summary.sig"))
        try OSTreeCommand.addRemote(
            client, "origin", url: "file://\(served)", options: ["--gpg-import=\(keys.export())"])
        try OSTreeCommand.lines(client, ["config", "set", "remote \"origin\".gpg-verify-summary", "true"])
        return try OSTreeCommand.attempt(client, ["remote", "refs", "origin"])
    }

    private func refs() throws -> [String] {
        let read = try verify(store["team-a/summary"], store["team-a/summary.sig"]).checked()
        return read.lines.map { String($0.dropFirst("origin:".count)) }.sorted()
    }

    @Test func `ostree verifies it before and after it is replaced`() throws {
        for number in 1...3 {
            _ = try stage.commit("a/\(number)", ["file": "\(number)\n"])
            try stage.push(["a/\(number)"], receiver).checked()
        }
        #expect(try refs() == ["a/1", "a/2", "a/3"])
        try stage.artifact(
            ["repo", "expire", stage.address, "--older-than", "9d", "--keep", "a/2", "--grace", "0h"]
                + signing
        ).checked()
        #expect(try refs() == ["a/2"])
        try stage.artifact(["repo", "summary", stage.address] + signing).checked()
        #expect(try refs() == ["a/2"])
        let all = moments.withLock { $0 }
        // The first signatures, then three requests for each of the four that follow.
        #expect(all.count == 2 + 4 * 3, "\(all.map(\.path))")
        for (before, moment) in zip(all, all.dropFirst()).dropFirst() {
            // Where a summary was just put, GnuPG does not get beyond the signature of the one before.
            if moment.path.hasSuffix(".sig"), !before.path.hasSuffix(".sig"), moment.summary != all[2].summary
            {
                let list = try #require(moment.signatures)
                #expect(try verify(before.summary, list).succeeded)
                continue
            }
            let read = try verify(moment.summary, moment.signatures)
            #expect(read.succeeded, "\(read.errorText)")
        }
        let last = try #require(all.last)
        #expect(try verify(all[0].summary, last.signatures).failed, "ostree tells a wrong one")
    }

    @Test func `Without a key, pushes are done and tell that the summary stays as it is`() throws {
        for (name, way) in [("a/1", try receiver), ("a/2", []), ("a/3", try Stage.receiver([]))] {
            _ = try stage.commit(name, ["file": name])
            let pushed = try stage.push([name], way).checked()
            #expect(pushed.errorText.contains("is signed, and no key was named") == (name != "a/1"))
        }
        let deleted = try stage.artifact(["delete", "--remote", stage.address, "a/1"]).checked()
        #expect(deleted.errorText.contains("is signed, and no key was named"))
        #expect(try refs() == ["a/1"])
        let refused = try stage.artifact(["repo", "summary", stage.address, "--changed"])
        #expect(refused.failed && refused.errorText.contains("is signed, and no key was named"))
        let recovered = try stage.artifact(["repo", "recover", stage.address]).checked()
        #expect(recovered.errorText.contains("is signed, and no key was named"))
        try stage.artifact(["repo", "summary", stage.address, "--changed"] + signing).checked()
        #expect(try refs() == ["a/2", "a/3"])
        // A key that does not sign changes nothing.
        let before = ["summary", "summary.sig"].map { store["team-a/\($0)"] }
        let failed = try stage.artifact(
            [
                "repo", "summary", stage.address, "--gpg-sign", "nobody@example.com", "--gpg-homedir",
                keys.path,
            ])
        #expect(failed.failed && failed.errorText.contains("cannot sign the summary"), "\(failed.errorText)")
        #expect(["summary", "summary.sig"].map { store["team-a/\($0)"] } == before)
    }
}
