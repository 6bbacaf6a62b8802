// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pushes to a cache on this machine, through pipes, from repositories of every mode.
@Suite struct LocalPushTests {
    static let modes = OSTreeCommand.Mode.allCases.filter { $0 != .bare || TestUser.canBeMade }

    @Test(arguments: modes, ["1", "0"])
    func `A repository of any mode is pushed from and stays as it was`(
        mode: OSTreeCommand.Mode, version: String
    ) throws {
        let shop = try Workshop(mode)
        let tree = try SampleTree(at: shop.directory.path("tree"))
        // Modes that keep no owners and attributes are given none.
        let options = mode == .bareUserOnly ? ["--canonical-permissions", "--no-xattrs"] : []
        let commit = try OSTreeCommand.commit(
            shop.source, tree: tree.path, refs: ["a/b/strong", "a/b/weak"], options: options)
        let before = try TreeSnapshot(shop.source)
        let result = try Client.push(
            ["a/b/strong", "a/b/weak"], from: shop.source, to: shop.cache, ["--protocol", version])
        expectSuccess(result)
        #expect(try TreeSnapshot(shop.source).differences(from: before) == [])
        try expectArrived(["a/b/strong", "a/b/weak"], at: commit, in: shop.cache)
        #expect(try Reader.objects(shop.cache) == Reader.objects(shop.source))
    }

    @Test(arguments: ["1", "0"])
    func `Nothing is written but the cache while a bare-user repository is pushed from`(version: String)
        throws
    {
        let shop = try Workshop(.bareUser)
        try shop.commit("a/b/c")
        let temporary = try shop.directory.folder("temporary")
        let strace = try TreeSnapshot(temporary)
        expectSuccess(
            try Client.push(
                ["a/b/c"], from: shop.source, to: "file://\(shop.cache)", ["--protocol", version],
                environment: ["TMPDIR": temporary]))
        #expect(try TreeSnapshot(temporary).differences(from: strace) == [])
        try OSTreeCommand.fsck(shop.cache)
    }

    @Test func `A push of a ref that is there already is success and says so`() throws {
        let shop = try Workshop(.bareUser)
        let commit = try shop.commit("a/b/c")
        let push = { (options: [String]) in
            try Client.push(["a/b/c"], from: shop.source, to: shop.cache, options)
        }
        expectSuccess(try push([]))
        let before = try Reader.snapshot(shop.cache)
        for version in ["0", "1"] {
            let again = try push(["--protocol", version])
            expectSuccess(again)
            #expect(again.text.contains("a/b/c: there already, at \(commit)"))
            #expect(again.text.contains("pushed 0 objects"))
        }
        #expect(try push(["--quiet"]).output.isEmpty)
        #expect(try Reader.snapshot(shop.cache) == before)
    }

    @Test func `A receiver in PATH with spaces in its own path is started`() throws {
        let shop = try Workshop()
        let commit = try shop.commit("a/b/c")
        let folder = try shop.directory.folder("my programs")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/receive", withDestinationPath: Programs.receiver())
        expectSuccess(
            try Client.push(
                ["a/b/c"], from: shop.source, to: shop.cache,
                ["--receiver", shellWords(["\(folder)/receive"])]))
        try expectArrived(["a/b/c"], at: commit, in: shop.cache)
    }
}
