// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The metadata of flatpak is made by `flatpak build-update-repo`, and where that is impossible nothing stale is left.
@Suite struct FlatpakMetadataTests {
    private let one = FlatpakStage.one
    private let two = FlatpakStage.two

    /// A repository with a runtime and an application, whose metadata flatpak has made.
    private func published(_ kind: FlatpakStage.Kind = .init()) throws -> FlatpakStage {
        let stage = try FlatpakStage(kind)
        try stage.build(one, version: 1)
        try stage.build(two, version: 1)
        try stage.push([FlatpakStage.runtime, FlatpakStage.ref(one), FlatpakStage.ref(two)])
        #expect(stage.has("summary.idx"))
        return stage
    }

    private func contents(_ stage: FlatpakStage) -> [Data?] {
        ["summary", "summary.sig", "summary.idx", "summary.idx.sig"].map {
            CacheSummary.content(stage.cache, $0)
        }
    }

    @Test(arguments: [false, true])
    func `What expires is not in flatpak's metadata any more`(isSigned: Bool) throws {
        let stage = try published(.init(isSigned: isSigned))
        expectSuccess(
            try stage.base.artifact([
                "repo", "pin", "--repo", stage.cache, FlatpakStage.ref(one), "runtime/*", "appstream*",
            ]))
        let before = try #require(CacheSummary.content(stage.cache, "summary.idx"))
        let expired = try stage.base.artifact(
            ["repo", "expire", "--repo", stage.cache, "--max-size", "1"] + stage.repoOptions)
        #expect(expired.text.contains(FlatpakStage.ref(two)) && !expired.text.contains("appstream"))
        #expect(CacheSummary.content(stage.cache, "summary.idx") != before)
        #expect(try !stage.summary().contains("'\(FlatpakStage.ref(two))'"))
        #expect(stage.has("summary.idx.sig") == isSigned)
    }

    @Test func `Without a key, signed metadata stays as it is, and the push is done`() throws {
        let stage = try published(.init(isSigned: true))
        let before = contents(stage)
        try FileManager.default.removeItem(atPath: "\(stage.cache)/summary.sig")
        try stage.build(one, version: 2)
        let pushed = try stage.base.push([FlatpakStage.ref(one)])
        expectSuccess(pushed)
        #expect(pushed.errorText.contains("is signed, and no key was named"))
        #expect(contents(stage) == [before[0], nil, before[2], before[3]])
    }

    @Test func `An Ed25519 key signs what flatpak makes, alone and beside GnuPG's`() throws {
        for isSigned in [false, true] {
            let stage = try FlatpakStage(.init(isSigned: isSigned))
            let key = try Ed25519Key()
            try stage.directory.file("key", key.seed())
            try stage.build(one, version: 1)
            try stage.push(
                [FlatpakStage.runtime, FlatpakStage.ref(one)],
                ["--summary-sign-ed25519", stage.directory.path("key")])
            for name in ["summary", "summary.idx"] {
                let signatures = try #require(CacheSummary.content(stage.cache, "\(name).sig"))
                let content = try #require(CacheSummary.content(stage.cache, name))
                let signature = Data(try key.signature(of: Array(content)))
                #expect(signatures.range(of: signature) != nil, "\(name)")
                #expect((signatures.range(of: Data("ostree.gpgsigs".utf8)) != nil) == isSigned)
            }
        }
    }

    @Test func `Where flatpak fails, the summary has everything and the index is gone`() throws {
        let stage = try published()
        // Flatpak aborts where a ref's commit is missing.
        try stage.directory.file(
            "cache/refs/heads/\(FlatpakStage.ref(two))-broken", String(repeating: "f", count: 64) + "\n")
        try OSTreeCommand.lines(
            stage.cache, ["refs", "--create=\(FlatpakStage.ref(one))-new", FlatpakStage.ref(one)])
        let result = try stage.base.artifact(["repo", "summary", "--repo", stage.cache])
        expectSuccess(result)
        #expect(result.errorText.contains("'flatpak build-update-repo' fails"), "\(result.errorText)")
        #expect(!stage.has("summary.idx"))
        #expect(try stage.summary().contains("'\(FlatpakStage.ref(one))-new'"))
    }

    @Test(.enabled(if: TestUser.canBeMade, "only root can make users"))
    func `A push through sshd, as a user of its own, leaves metadata that this user owns`() throws {
        let user = try TestUser()
        _ = try user.install(Programs.receiver())
        try user.run(["ostree", "init", "--mode=archive", "--repo=flatpaks"]).checked()
        let server = try SSHServer(
            forceCommand: "bst-artifact-receive flatpaks", environmentPath: "\(user.home)/bin:/usr/bin:/bin",
            user: user.name)
        let stage = try FlatpakStage()
        try stage.build(one, version: 1)
        expectSuccess(
            try stage.base.push(
                [FlatpakStage.runtime, FlatpakStage.ref(one)], to: "\(server.userName)@localhost:flatpaks",
                over: server))
        let cache = "\(user.home)/flatpaks"
        #expect(eventually { !CacheSummary.isRequested(cache) })
        #expect(CacheSummary.content(cache, "summary.idx") != nil)
        #expect(try user.run(["find", "flatpaks", "!", "-user", user.name]).lines == [])
        try stage.addRemote("file://\(cache)")
        try stage.install(one)
        #expect(try stage.installed(one) == "1\n")
    }

    @Test func `A cache of other artifacts is left alone, whatever its projects are called`() throws {
        let stage = try Stage()
        for ref in ["app/element/key", "runtime/a.b/key", "app/a.b/c/d", "xa/b"] {
            try stage.commit(ref, text: ref)
            let pushed = try stage.push([ref])
            expectSuccess(pushed)
            #expect(!pushed.errorText.contains("flatpak"))
        }
        #expect(try CacheSummary.isRight(stage.cache))
        #expect(CacheSummary.content(stage.cache, "summary.idx") == nil)
    }

    @Test func `A cache of other artifacts becomes one of flatpak with the push after the first`() throws {
        let stage = try FlatpakStage()
        try stage.directory.file("tree/file", "other")
        try OSTreeCommand.commit(
            stage.cache, tree: stage.directory.path("tree"), refs: ["project/element/key"])
        try stage.build(one, version: 1)
        let first = try stage.push([FlatpakStage.runtime, FlatpakStage.ref(one)])
        #expect(first.errorText.contains("flatpak cannot be started in the session"), "\(first.errorText)")
        #expect(try CacheSummary.isRight(stage.cache))
        #expect(!stage.has("summary.idx"))
        try stage.build(one, version: 2)
        let second = try stage.push([FlatpakStage.ref(one)])
        #expect(!second.errorText.contains("flatpak"), "\(second.errorText)")
        #expect(stage.has("summary.idx"))
    }

    @Test func `Flatpak runs once for many pushes, and no client waits for it`() throws {
        let stage = try published()
        let names = (0..<6).map { "org.example.Many\($0)" }
        for name in names { try stage.build(name, version: 1) }
        // A flatpak that waits until it is let go, in a place that Landlock would forbid.
        let log = try stage.directory.file("log", "")
        let gate = stage.directory.path("gate")
        try stage.base.program(
            "slow/flatpak",
            """
            echo started >>'\(log)'
            while [ ! -e '\(gate)' ]; do sleep 0.05; done
            exec '\(try Programs.lookUp("flatpak"))' "$@"
            """)
        let receiver = shellWords([
            try Programs.refuseCalls(), "ENOSYS", "landlock_create_ruleset", try Programs.receiver(),
        ])
        let path = "\(stage.directory.path("slow")):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        for name in names {
            expectSuccess(
                try stage.base.push(
                    [FlatpakStage.ref(name)], ["--receiver", receiver],
                    environment: ["PATH": path]))
            #expect(eventually { (try? text(ofFile: log)) == "started\n" })
        }
        try stage.directory.file("gate", "")
        #expect(eventually { !CacheSummary.isRequested(stage.cache) })
        #expect(try text(ofFile: log) == "started\nstarted\n")
        let summary = try stage.summary()
        for name in names { #expect(summary.contains("'\(FlatpakStage.ref(name))'")) }
    }
}
