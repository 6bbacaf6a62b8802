// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A cache whose summary is signed stays one whose summary can be verified.
@Suite struct SignedSummaryTests {
    private static let signer = "cache@example.com"
    private let stage: Stage

    init() throws {
        stage = try Stage()
    }

    /// Makes a key that may sign summaries, and the options that have it sign.
    private func makeKey() throws -> (GPGHome, options: [String]) {
        let keys = try GPGHome()
        try keys.makeKey(Self.signer)
        return (keys, ["--summary-gpg-sign", Self.signer, "--summary-gpg-homedir", keys.path])
    }

    @Test func `ostree pull verifies what a push has signed`() throws {
        let (keys, options) = try makeKey()
        let commit = try stage.commit("a/b")
        expectSuccess(try stage.push(["a/b"], receiver: options))
        let client = stage.directory.path("client")
        try OSTreeCommand.initRepo(client, mode: .bareUser)
        let server = try FaultyWebServer(directory: stage.cache)
        try OSTreeCommand.addRemote(
            client, "origin", url: server.url, options: ["--gpg-import=\(keys.export())"])
        try OSTreeCommand.lines(client, ["config", "set", "remote \"origin\".gpg-verify-summary", "true"])
        try OSTreeCommand.pull(client, remote: "origin", refs: ["a/b"])
        #expect(try OSTreeCommand.revParse(client, "origin:a/b") == commit)
        // The signature that stands there belongs to the summary before.
        try stage.commit("a/c", in: stage.cache)
        expectSuccess(
            try stage.artifact([
                "repo", "summary", "--repo", stage.cache, "--gpg-sign", Self.signer, "--gpg-homedir",
                keys.path,
            ]))
        try OSTreeCommand.pull(client, remote: "origin", refs: ["a/c"])
        try stage.directory.file(
            "cache/summary.sig", CacheSummary.content(stage.cache, "summary").map { Array($0) } ?? [])
        #expect(try !OSTreeCommand.attempt(client, ["pull", "origin", "a/c"]).succeeded)
    }

    @Test func `Without a key, a signed summary stays as it is, and the push is done`() throws {
        let (keys, options) = try makeKey()
        defer { withExtendedLifetime(keys) {} }
        try OSTreeCommand.lines(
            stage.cache, ["summary", "-u", "--gpg-sign=\(Self.signer)", "--gpg-homedir=\(keys.path)"])
        let before = ["summary", "summary.sig"].map { CacheSummary.content(stage.cache, $0) }
        try stage.commit("a/b")
        let pushed = try stage.push(["a/b"])
        expectSuccess(pushed)
        #expect(pushed.errorText.contains("is signed, and no key was named"))
        #expect(["summary", "summary.sig"].map { CacheSummary.content(stage.cache, $0) } == before)
        let failed = try stage.artifact(["repo", "summary", "--repo", stage.cache])
        #expect(failed.failed && failed.errorText.contains("is signed"))
        // With the key, the next session completes it.
        expectSuccess(try stage.artifact(["check", "--remote", stage.cache] + Stage.receiver(options)))
        #expect(try CacheSummary.isRight(stage.cache))
        #expect(CacheSummary.content(stage.cache, "summary.sig") != before[1])
    }

    @Test func `The signature is there at each moment, also where libostree writes the summary`() throws {
        let (keys, options) = try makeKey()
        try stage.commit("a/b")
        expectSuccess(try stage.push(["a/b"], receiver: options))
        // A summary with static deltas is written by libostree, which removes the signature first.
        try OSTreeCommand.lines(stage.cache, ["static-delta", "generate", "--empty", "a/b"])
        let isOver = Locked(false)
        let misses = Locked(0)
        let path = "\(stage.cache)/summary.sig"
        let watcher = Thread {
            while !isOver.withLock({ $0 }) {
                if access(path, F_OK) != 0 { misses.withLock { $0 += 1 } }
            }
            isOver.withLock { $0 = false }
        }
        watcher.start()
        for _ in 1...3 {
            expectSuccess(
                try stage.artifact([
                    "repo", "summary", "--repo", stage.cache, "--gpg-sign", Self.signer, "--gpg-homedir",
                    keys.path,
                ]))
        }
        isOver.withLock { $0 = true }
        #expect(eventually { isOver.withLock { !$0 } })
        #expect(misses.withLock { $0 } == 0)
        #expect(
            try OSTreeCommand.lines(stage.cache, ["summary", "--view"]).contains {
                $0.contains("static-deltas")
            })
        let client = stage.directory.path("client")
        try OSTreeCommand.initRepo(client, mode: .bareUser)
        try OSTreeCommand.addRemote(
            client, "origin", url: "file://\(stage.cache)", options: ["--gpg-import=\(keys.export())"])
        try OSTreeCommand.lines(client, ["config", "set", "remote \"origin\".gpg-verify-summary", "true"])
        try OSTreeCommand.lines(client, ["remote", "summary", "origin"])
    }

    @Test(arguments: [32, 64]) func `OpenSSL verifies an Ed25519 signature`(keySize: Int) throws {
        let pem = stage.directory.path("key.pem")
        try run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem]).checked()
        let seed = try run(["openssl", "pkey", "-in", pem, "-outform", "DER"]).checked().output.suffix(32)
        let open = try run(["openssl", "pkey", "-in", pem, "-pubout", "-outform", "DER"]).checked().output
        try stage.directory.file("public.der", open)
        let key = Data((seed + open.suffix(32)).prefix(keySize)).base64EncodedString()
        try stage.directory.file("key", key + "\n")
        try stage.commit("a/b")
        expectSuccess(
            try stage.push(
                ["a/b"],
                receiver: ["--summary-sign-ed25519", stage.directory.path("key")]))
        // An `a{sv}` with one entry, whose value is an array of one signature.
        let file = try #require(CacheSummary.content(stage.cache, "summary.sig"))
        let name = Data("ostree.sign.ed25519\0".utf8)
        #expect(file.starts(with: name))
        let start = (name.count + 7) & ~7
        try stage.directory.file("signature", Array(file[start..<(start + 64)]))
        try run([
            "openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
            stage.directory.path("public.der"), "-in", "\(stage.cache)/summary", "-sigfile",
            stage.directory.path("signature"),
        ]).checked()
    }

    @Test(arguments: ["", "no base64!", "AAAA", String(repeating: "A", count: 85) + "="])
    func `A key that is none is said to be none, and the push is done`(text: String) throws {
        try stage.directory.file("key", text)
        try stage.commit("a/b")
        try FileManager.default.removeItem(atPath: "\(stage.cache)/summary")
        let pushed = try stage.push(
            ["a/b"],
            receiver: ["--summary-sign-ed25519", stage.directory.path("key")])
        expectSuccess(pushed)
        #expect(pushed.errorText.contains("cannot sign the summary"), "\(pushed.errorText)")
        #expect(CacheSummary.content(stage.cache) == nil)
    }
}
