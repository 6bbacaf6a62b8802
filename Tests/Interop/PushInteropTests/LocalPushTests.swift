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
        let stage = try Stage(mode)
        // Modes that keep no owners and attributes are given none.
        let options = mode == .bareUserOnly ? ["--canonical-permissions", "--no-xattrs"] : []
        try stage.expectSampleArrives(options) {
            let before = try TreeSnapshot(stage.mine)
            let result = try stage.push(Stage.sampleRefs, ["--protocol", version])
            #expect(try TreeSnapshot(stage.mine).differences(from: before) == [])
            return result
        }
    }

    @Test func `A program before the receiver that waits for the end of its input gets it`() throws {
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        let receiver = try stage.program("receiver", "cat | '\(try Programs.receiver())' \"$@\"")
        expectSuccess(try stage.push(["a/b/c"], ["--receiver", receiver, "--timeout", "60"]))
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    @Test(arguments: ["1", "0"])
    func `Nothing is written but the cache while a bare-user repository is pushed from`(version: String)
        throws
    {
        let stage = try Stage(.bareUser)
        try stage.commit("a/b/c")
        let temporary = try stage.directory.makeDirectory("temporary")
        let strace = try TreeSnapshot(temporary)
        expectSuccess(
            try stage.push(
                ["a/b/c"], to: "file://\(stage.cache)", ["--protocol", version],
                environment: ["TMPDIR": temporary]))
        #expect(try TreeSnapshot(temporary).differences(from: strace) == [])
        try OSTreeCommand.fsck(stage.cache)
    }

    @Test func `A push of a ref that is there already is success and says so`() throws {
        let stage = try Stage(.bareUser)
        let commit = try stage.commit("a/b/c")
        let push = { (options: [String]) in
            try stage.push(["a/b/c"], options)
        }
        expectSuccess(try push([]))
        let before = try Reader.snapshot(stage.cache)
        for version in ["0", "1"] {
            let again = try push(["--protocol", version])
            expectSuccess(again)
            #expect(again.text.contains("a/b/c: there already, at \(commit)"))
            #expect(again.text.contains("pushed 0 objects"))
        }
        #expect(try push(["--quiet"]).output.isEmpty)
        #expect(try Reader.snapshot(stage.cache) == before)
    }

    @Test func `A receiver in PATH with spaces in its own path is started`() throws {
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        let directory = try stage.directory.makeDirectory("my programs")
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/receive", withDestinationPath: Programs.receiver())
        expectSuccess(
            try stage.push(
                ["a/b/c"],
                ["--receiver", shellWords(["\(directory)/receive"])]))
        try stage.expectArrived(["a/b/c"], at: commit)
    }
}
