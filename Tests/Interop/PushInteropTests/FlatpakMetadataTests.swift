// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The metadata of flatpak is made by `flatpak build-update-repo`, and where that is impossible nothing stale is left.
@Suite struct FlatpakMetadataTests {
    private let one = FlatpakWorkshop.one
    private let two = FlatpakWorkshop.two

    /// A repository with a runtime and an application, whose metadata flatpak has made.
    private func published(_ kind: FlatpakWorkshop.Kind = .init()) throws -> FlatpakWorkshop {
        let shop = try FlatpakWorkshop(kind)
        try shop.build(one, version: 1)
        try shop.build(two, version: 1)
        try shop.push([FlatpakWorkshop.runtime, FlatpakWorkshop.ref(one), FlatpakWorkshop.ref(two)])
        #expect(shop.has("summary.idx"))
        return shop
    }

    private func contents(_ shop: FlatpakWorkshop) -> [Data?] {
        ["summary", "summary.sig", "summary.idx", "summary.idx.sig"].map {
            CacheSummary.content(shop.cache, $0)
        }
    }

    @Test(arguments: [false, true])
    func `What expires is not in flatpak's metadata any more`(isSigned: Bool) throws {
        let shop = try published(.init(isSigned: isSigned))
        expectSuccess(
            try Client.run([
                "repo", "pin", "--repo", shop.cache, FlatpakWorkshop.ref(one), "runtime/*", "appstream*",
            ]))
        let before = try #require(CacheSummary.content(shop.cache, "summary.idx"))
        let expired = try Client.run(
            ["repo", "expire", "--repo", shop.cache, "--max-size", "1"] + shop.repoOptions)
        #expect(expired.text.contains(FlatpakWorkshop.ref(two)) && !expired.text.contains("appstream"))
        #expect(CacheSummary.content(shop.cache, "summary.idx") != before)
        #expect(try !shop.summary().contains("'\(FlatpakWorkshop.ref(two))'"))
        #expect(shop.has("summary.idx.sig") == isSigned)
    }

    @Test func `Without a key, signed metadata stays as it is, and the push is done`() throws {
        let shop = try published(.init(isSigned: true))
        let before = contents(shop)
        try FileManager.default.removeItem(atPath: "\(shop.cache)/summary.sig")
        try shop.build(one, version: 2)
        let pushed = try Client.push([FlatpakWorkshop.ref(one)], from: shop.source, to: shop.cache)
        expectSuccess(pushed)
        #expect(pushed.errorText.contains("is signed, and no key was named"))
        #expect(contents(shop) == [before[0], nil, before[2], before[3]])
    }

    @Test func `An Ed25519 key signs what flatpak makes, alone and beside GnuPG's`() throws {
        for isSigned in [false, true] {
            let shop = try FlatpakWorkshop(.init(isSigned: isSigned))
            let key = try Ed25519Key()
            try shop.directory.file("key", key.seed())
            try shop.build(one, version: 1)
            try shop.push(
                [FlatpakWorkshop.runtime, FlatpakWorkshop.ref(one)],
                ["--summary-sign-ed25519", shop.directory.path("key")])
            for name in ["summary", "summary.idx"] {
                let signatures = try #require(CacheSummary.content(shop.cache, "\(name).sig"))
                let content = try #require(CacheSummary.content(shop.cache, name))
                let signature = Data(try key.signature(of: Array(content)))
                #expect(signatures.range(of: signature) != nil, "\(name)")
                #expect((signatures.range(of: Data("ostree.gpgsigs".utf8)) != nil) == isSigned)
            }
        }
    }

    @Test func `Where flatpak fails, the summary has everything and the index is gone`() throws {
        let shop = try published()
        // Flatpak aborts where a ref's commit is missing.
        try shop.directory.file(
            "cache/refs/heads/\(FlatpakWorkshop.ref(two))-broken", String(repeating: "f", count: 64) + "\n")
        try OSTreeCommand.lines(
            shop.cache, ["refs", "--create=\(FlatpakWorkshop.ref(one))-new", FlatpakWorkshop.ref(one)])
        let result = try Client.run(["repo", "summary", "--repo", shop.cache])
        expectSuccess(result)
        #expect(result.errorText.contains("'flatpak build-update-repo' fails"), "\(result.errorText)")
        #expect(!shop.has("summary.idx"))
        #expect(try shop.summary().contains("'\(FlatpakWorkshop.ref(one))-new'"))
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can make users"))
    func `A push through sshd, as a user of its own, leaves metadata that this user owns`() throws {
        let user = try TestUser()
        _ = try user.install(Programs.receiver())
        try user.run(["ostree", "init", "--mode=archive", "--repo=flatpaks"]).checked()
        let server = try SSHServer(
            forceCommand: "bst-artifact-receive flatpaks", environmentPath: "\(user.home)/bin:/usr/bin:/bin",
            user: user.name)
        let shop = try FlatpakWorkshop()
        try shop.build(one, version: 1)
        expectSuccess(
            try Client.push(
                [FlatpakWorkshop.runtime, FlatpakWorkshop.ref(one)], from: shop.source,
                to: "\(server.userName)@localhost:flatpaks", over: server))
        let cache = "\(user.home)/flatpaks"
        #expect(eventually(within: 60) { !CacheSummary.isRequested(cache) })
        #expect(CacheSummary.content(cache, "summary.idx") != nil)
        #expect(try user.run(["find", "flatpaks", "!", "-user", user.name]).lines == [])
        try shop.addRemote("file://\(cache)")
        try shop.install(one)
        #expect(try shop.installed(one) == "1\n")
    }

    @Test func `A cache of other artifacts is left alone, whatever its projects are called`() throws {
        let shop = try Workshop()
        for ref in ["app/element/key", "runtime/a.b/key", "app/a.b/c/d", "xa/b"] {
            try shop.commit(ref, text: ref)
            let pushed = try Client.push([ref], from: shop.source, to: shop.cache)
            expectSuccess(pushed)
            #expect(!pushed.errorText.contains("flatpak"))
        }
        #expect(try CacheSummary.isRight(shop.cache))
        #expect(CacheSummary.content(shop.cache, "summary.idx") == nil)
    }

    @Test func `A cache of other artifacts becomes one of flatpak with the push after the first`() throws {
        let shop = try FlatpakWorkshop()
        try shop.directory.file("tree/file", "other")
        try OSTreeCommand.commit(shop.cache, tree: shop.directory.path("tree"), refs: ["project/element/key"])
        try shop.build(one, version: 1)
        let first = try shop.push([FlatpakWorkshop.runtime, FlatpakWorkshop.ref(one)])
        #expect(first.errorText.contains("flatpak cannot be started in the session"), "\(first.errorText)")
        #expect(try CacheSummary.isRight(shop.cache))
        #expect(!shop.has("summary.idx"))
        try shop.build(one, version: 2)
        let second = try shop.push([FlatpakWorkshop.ref(one)])
        #expect(!second.errorText.contains("flatpak"), "\(second.errorText)")
        #expect(shop.has("summary.idx"))
    }

    @Test func `Flatpak runs once for many pushes, and no client waits for it`() throws {
        let shop = try published()
        let names = (0..<6).map { "org.example.Many\($0)" }
        for name in names { try shop.build(name, version: 1) }
        // A flatpak that waits until it is let go, in a place that Landlock would forbid.
        let log = try shop.directory.file("log", "")
        let gate = shop.directory.path("gate")
        let program = try shop.directory.file(
            "slow/flatpak",
            """
            #!/bin/sh
            echo started >>'\(log)'
            while [ ! -e '\(gate)' ]; do sleep 0.05; done
            exec '\(try Programs.lookUp("flatpak"))' "$@"

            """)
        chmod(program, 0o755)
        let receiver = shellWords([
            try Programs.refuseCalls(), "ENOSYS", "landlock_create_ruleset", try Programs.receiver(),
        ])
        let path = "\(shop.directory.path("slow")):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        for name in names {
            expectSuccess(
                try Client.push(
                    [FlatpakWorkshop.ref(name)], from: shop.source, to: shop.cache, ["--receiver", receiver],
                    environment: ["PATH": path]))
            #expect(eventually { (try? text(ofFile: log)) == "started\n" })
        }
        try shop.directory.file("gate", "")
        #expect(eventually(within: 60) { !CacheSummary.isRequested(shop.cache) })
        #expect(try text(ofFile: log) == "started\nstarted\n")
        let summary = try shop.summary()
        for name in names { #expect(summary.contains("'\(FlatpakWorkshop.ref(name))'")) }
    }
}
