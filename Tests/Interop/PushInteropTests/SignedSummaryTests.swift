// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A cache whose summary is signed stays one whose summary can be verified.
@Suite struct SignedSummaryTests {
    /// A key of GnuPG for one test.
    private struct Key {
        let home: String
        let name = "cache@example.com"

        init(in directory: TemporaryDirectory) throws {
            home = try directory.folder("gnupg")
            chmod(home, 0o700)
            try run(
                [
                    "gpg", "--homedir", home, "--batch", "--passphrase", "", "--quick-gen-key", name,
                    "ed25519", "sign",
                ]
            ).checked()
        }

        func stopAgent() { _ = try? run(["gpgconf", "--homedir", home, "--kill", "all"]) }

        var options: [String] { ["--summary-gpg-sign", name, "--summary-gpg-homedir", home] }
    }

    private func receiver(_ options: [String]) throws -> [String] {
        ["--receiver", shellWords([try Programs.receiver()] + options)]
    }

    @Test func `ostree pull verifies what a push has signed`() throws {
        let shop = try Workshop()
        let key = try Key(in: shop.directory)
        defer { key.stopAgent() }
        let commit = try shop.commit("a/b")
        expectSuccess(try Client.push(["a/b"], from: shop.source, to: shop.cache, receiver(key.options)))
        let client = shop.directory.path("client")
        try OSTreeCommand.initRepo(client, mode: .bareUser)
        let server = try FaultyWebServer(folder: shop.cache)
        let ring = shop.directory.path("ring.gpg")
        try run(["gpg", "--homedir", key.home, "--output", ring, "--export", key.name]).checked()
        try OSTreeCommand.addRemote(
            client, "origin", url: server.url, options: ["--gpg-import=\(ring)"])
        try OSTreeCommand.lines(client, ["config", "set", "remote \"origin\".gpg-verify-summary", "true"])
        try OSTreeCommand.pull(client, remote: "origin", refs: ["a/b"])
        #expect(try OSTreeCommand.revParse(client, "origin:a/b") == commit)
        // The signature that stands there belongs to the summary before.
        try shop.commit("a/c", in: shop.cache)
        expectSuccess(
            try Client.run([
                "repo", "summary", "--repo", shop.cache, "--gpg-sign", key.name, "--gpg-homedir", key.home,
            ]))
        try OSTreeCommand.pull(client, remote: "origin", refs: ["a/c"])
        try shop.directory.file(
            "cache/summary.sig", CacheSummary.content(shop.cache, "summary").map { Array($0) } ?? [])
        #expect(try !OSTreeCommand.attempt(client, ["pull", "origin", "a/c"]).succeeded)
    }

    @Test func `Without a key, a signed summary stays as it is, and the push is done`() throws {
        let shop = try Workshop()
        let key = try Key(in: shop.directory)
        defer { key.stopAgent() }
        try OSTreeCommand.lines(
            shop.cache, ["summary", "-u", "--gpg-sign=\(key.name)", "--gpg-homedir=\(key.home)"])
        let before = ["summary", "summary.sig"].map { CacheSummary.content(shop.cache, $0) }
        try shop.commit("a/b")
        let pushed = try Client.push(["a/b"], from: shop.source, to: shop.cache)
        expectSuccess(pushed)
        #expect(pushed.errorText.contains("is signed, and no key was named"))
        #expect(["summary", "summary.sig"].map { CacheSummary.content(shop.cache, $0) } == before)
        let failed = try Client.run(["repo", "summary", "--repo", shop.cache])
        #expect(failed.failed && failed.errorText.contains("is signed"))
        // With the key, the next session completes it.
        expectSuccess(try Client.run(["check", "--remote", shop.cache] + receiver(key.options)))
        #expect(try CacheSummary.isRight(shop.cache))
        #expect(CacheSummary.content(shop.cache, "summary.sig") != before[1])
    }

    @Test(arguments: [32, 64]) func `OpenSSL verifies an Ed25519 signature`(keySize: Int) throws {
        let shop = try Workshop()
        let pem = shop.directory.path("key.pem")
        try run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem]).checked()
        let seed = try run(["openssl", "pkey", "-in", pem, "-outform", "DER"]).checked().output.suffix(32)
        let open = try run(["openssl", "pkey", "-in", pem, "-pubout", "-outform", "DER"]).checked().output
        try shop.directory.file("public.der", open)
        let key = Data((seed + open.suffix(32)).prefix(keySize)).base64EncodedString()
        try shop.directory.file("key", key + "\n")
        try shop.commit("a/b")
        expectSuccess(
            try Client.push(
                ["a/b"], from: shop.source, to: shop.cache,
                receiver(["--summary-sign-ed25519", shop.directory.path("key")])))
        // An `a{sv}` with one entry, whose value is an array of one signature.
        let file = try #require(CacheSummary.content(shop.cache, "summary.sig"))
        let name = Data("ostree.sign.ed25519\0".utf8)
        #expect(file.starts(with: name))
        let start = (name.count + 7) & ~7
        try shop.directory.file("signature", Array(file[start..<(start + 64)]))
        try run([
            "openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
            shop.directory.path("public.der"), "-in", "\(shop.cache)/summary", "-sigfile",
            shop.directory.path("signature"),
        ]).checked()
    }

    @Test(arguments: ["", "no base64!", "AAAA", String(repeating: "A", count: 85) + "="])
    func `A key that is none is said to be none, and the push is done`(text: String) throws {
        let shop = try Workshop()
        try shop.directory.file("key", text)
        try shop.commit("a/b")
        try FileManager.default.removeItem(atPath: "\(shop.cache)/summary")
        let pushed = try Client.push(
            ["a/b"], from: shop.source, to: shop.cache,
            receiver(["--summary-sign-ed25519", shop.directory.path("key")]))
        expectSuccess(pushed)
        #expect(pushed.errorText.contains("cannot sign the summary"), "\(pushed.errorText)")
        #expect(CacheSummary.content(shop.cache) == nil)
    }
}
