// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Machines whose operating system is pushed to a cache, and upgraded from there by `ostree admin`.
@Suite(.enabled(if: geteuid() == 0, "only root deploys an operating system"))
struct OperatingSystemTests {
    private static let ref = "example/x86_64/stable"

    private let stage: Stage
    private let keys: GPGHome
    private let server: SSHServer
    private let web: FaultyWebServer

    init() throws {
        stage = try Stage()
        keys = try GPGHome()
        try keys.makeKey("os@example.com")
        let signing =
            "--sign-gpg os@example.com --sign-gpg-homedir '\(keys.path)' "
            + "--summary-gpg-sign os@example.com --summary-gpg-homedir '\(keys.path)'"
        server = try SSHServer(
            forceCommand:
                "\(try Programs.receiver()) --moves forward --deltas \(signing) '\(stage.cache)'",
            environmentPath: Programs.searchPath)
        web = try FaultyWebServer(directory: stage.cache)
        try admin("init-fs", sysroot)
        try admin("os-init", "--sysroot=\(sysroot)", "example")
        try OSTreeCommand.lines(
            repository,
            [
                "remote", "add", "--gpg-import=\(keys.export())", "--set=gpg-verify-summary=true", "example",
                web.url,
            ])
    }

    private var sysroot: String { stage.directory.path("sysroot") }
    private var repository: String { "\(sysroot)/ostree/repo" }

    @discardableResult
    private func admin(_ arguments: String...) throws -> ProcessResult {
        try FileManager.default.createDirectory(atPath: sysroot, withIntermediateDirectories: true)
        return try run(
            ["ostree", "admin"] + arguments,
            // Without immutable bits, so that the test can remove it.
            environment: ["OSTREE_SYSROOT_DEBUG": "mutable-deployments"]
        ).checked()
    }

    /// Builds a version, pushes it over ssh, and waits for its deltas and the summary.
    @discardableResult
    private func publish(_ version: Int) throws -> String {
        for (name, text) in [
            ("usr/lib/modules/6.1/vmlinuz", "a kernel"),
            ("usr/lib/modules/6.1/initramfs.img", "an initramfs"),
            ("usr/lib/os-release", "ID=example\nPRETTY_NAME=\"Example \(version)\"\n"),
            ("usr/etc/example.conf", "version \(version)\n"),
        ] {
            try stage.directory.file("os/\(name)", text)
        }
        for name in ["boot", "dev", "proc", "run", "sys", "sysroot", "tmp", "var"] {
            try stage.directory.makeDirectory("os/\(name)")
        }
        let commit = try OSTreeCommand.commit(
            stage.mine, tree: stage.directory.path("os"), refs: [OperatingSystemTests.ref])
        let pushed = try stage.push([OperatingSystemTests.ref], to: "\(server.host):repo", over: server)
        expectSuccess(pushed)
        #expect(
            eventually {
                let summary = try? OSTreeCommand.lines(stage.cache, ["summary", "--view"])
                return summary?.contains {
                    $0.contains("(ostree.static-deltas)") && $0.contains("\(commit)'")
                } == true
            })
        return commit
    }

    private func deployed() throws -> [String] {
        try admin("status", "--sysroot=\(sysroot)").lines.compactMap { line in
            line.split(separator: " ").first { $0.hasSuffix(".0") && $0.count == 66 }.map {
                String($0.dropLast(2))
            }
        }
    }

    @Test func `A machine is installed, follows each push, and upgrades from a commit that was cut`() throws {
        let (ref, origin) = (OperatingSystemTests.ref, "example:\(OperatingSystemTests.ref)")
        let first = try publish(1)
        try OSTreeCommand.pull(repository, remote: "example", refs: [ref])
        try admin("deploy", "--sysroot=\(sysroot)", "--os=example", "--karg=root=LABEL=root", origin)
        #expect(try deployed() == [first])

        let second = try publish(2)
        let upgraded = try admin("upgrade", "--sysroot=\(sysroot)", "--os=example")
        #expect(web.requestedPaths.contains { $0.hasPrefix("/deltas/") }, "\(upgraded.text)")
        #expect(try deployed() == [second, first])
        let configuration = "\(sysroot)/ostree/deploy/example/deploy/\(second).0/etc/example.conf"
        #expect(try text(ofFile: configuration) == "version 2\n")

        // The machine is off for two versions, and the history that it comes from goes.
        try publish(3)
        let fourth = try publish(4)
        let expired = try stage.artifact([
            "repo", "expire", "--repo", stage.cache, "--keep-commits", "1", "--gpg-sign", "os@example.com",
            "--gpg-homedir", keys.path,
        ])
        expectSuccess(expired)
        #expect(expired.lines.first == "\(ref): 3 older commits gone, 1 kept")
        try OSTreeCommand.fsck(stage.cache)
        try admin("upgrade", "--sysroot=\(sysroot)", "--os=example")
        #expect(try deployed().first == fourth)
        // Somebody who builds upon a commit that is gone here is one of us still.
        let fifth = try publish(5)
        expectSuccess(
            try stage.artifact([
                "pull", "--repo", repository, "--remote", "example", "--into", "remote", ref,
            ]))
        try admin("upgrade", "--sysroot=\(sysroot)", "--os=example", "--deploy-only")
        #expect(try deployed() == [fifth, fourth])
        try OSTreeCommand.fsck(repository)
        let commits = try OSTreeCommand.listObjects(stage.cache).filter { $0.hasSuffix(".commit") }
        #expect(commits.sorted() == [fourth, fifth].map { "\($0).commit" }.sorted())
    }

    @Test func `A machine refuses what the server has not signed, and the server what moves backwards`()
        throws
    {
        try publish(1)
        let ref = OperatingSystemTests.ref
        try OSTreeCommand.pull(repository, remote: "example", refs: [ref])
        let before = try OSTreeCommand.revParse(stage.cache, ref)
        // A build that begins with nothing.
        try OSTreeCommand.commit(
            stage.mine, tree: stage.directory.path("os"), refs: [ref], parent: "none",
            options: ["--subject=again"])
        let refused = try stage.push([ref], to: "\(server.host):repo", over: server, ["--force"])
        #expect(refused.failed && refused.errorText.contains("does not descend"), "\(refused.errorText)")
        #expect(try OSTreeCommand.revParse(stage.cache, ref) == before)
        // Committed on the server, past the receiver.
        try OSTreeCommand.commit(stage.cache, tree: stage.directory.path("os"), refs: [ref])
        expectSuccess(
            try stage.artifact([
                "repo", "summary", "--repo", stage.cache, "--gpg-sign", "os@example.com", "--gpg-homedir",
                keys.path,
            ]))
        let pulled = try OSTreeCommand.attempt(repository, ["pull", "example", ref])
        #expect(!pulled.succeeded && pulled.errorText.contains("signature"), "\(pulled.errorText)")
    }
}
