// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The start of our receiver, in one way or another.
@Suite struct ReceiverStartTests {
    @Test(arguments: [[], ["/srv/artifacts"]])
    func `On a terminal it says what it is and how it is meant to be started`(arguments: [String]) throws {
        let command = shellWords([try Programs.receiver()] + arguments)
        let result = try run(["script", "--quiet", "--return", "--command", command, "/dev/null"])
        #expect(result.status == .exited(64), "\(result.text)")
        for word in ["this is a terminal", "sshd", "--help", "bst-artifact check"] {
            #expect(result.text.contains(word), "\(result.text)")
        }
    }

    @Test func `Its help shows an administrator what to configure`() throws {
        let result = try run([Programs.receiver(), "--help"])
        expectSuccess(result)
        for word in ["ForceCommand", "--pull-url", "--repo", "--protocol", "ostree-receive"] {
            #expect(result.text.contains(word))
        }
    }

    @Test(arguments: [
        (["--protocol", "2", "x"], "no version 2"), ([], "Name the repository"),
        (["--repo", "x", "y"], "once"), (["--no-such-option"], "no-such-option"),
    ])
    func `Wrong usage is told on standard error, never on standard output`(
        arguments: [String], message: String
    ) throws {
        let result = try run([Programs.receiver()] + arguments)
        #expect(result.status == .exited(64))
        #expect(result.errorText.contains(message), "\(result.errorText)")
        #expect(result.output.isEmpty)
    }

    @Test(arguments: [1, 0], [[], ["--verbose"], ["--debug"], ["-d", "-v"]])
    func `Its standard output carries the protocol alone, however much it says`(
        version: Int, options: [String]
    ) throws {
        let stage = try Stage()
        let commit = try stage.commit("a/b/c", "a/b/d")
        let refs = [("a/b/c", Frame.nothing, commit), ("a/b/d", Frame.nothing, commit)]
        let objects = try ObjectStream(ofArchive: stage.mine)
        let bytes = version == 1 ? ReceiverRun.push(refs, objects) : ReceiverRun.push0(refs, objects)
        let result = try ReceiverRun.run(stage.cache, bytes, ["--protocol", "\(version)"] + options)
        expectSuccess(result)
        #expect(try Frame.parse(result.output).allSatisfy { $0.version == UInt8(version) })
        let isQuiet = options.isEmpty
        let isDebug = options.contains { ["--debug", "-d"].contains($0) }
        #expect(result.errorText.contains("push complete") == !isQuiet, "\(result.errorText)")
        #expect(result.errorText.contains("\(commit).commit") == isDebug)
        #expect(result.errorOutput.isEmpty == isQuiet)
        try stage.expectArrived(["a/b/c", "a/b/d"], at: commit)
    }

    @Test(arguments: ["--repo=PATH", "PATH"])
    func `The repository can be named in either form, relative to where it runs`(form: String) throws {
        let stage = try Stage()
        let argument = form.replacingOccurrences(of: "PATH", with: "cache")
        let result = try run(
            [Programs.receiver(), argument], input: .bytes(Frame.info() + Frame.done()),
            directory: stage.directory.path)
        expectSuccess(result)
        #expect(try Frame.parse(result.output).map(\.kind) == [.info])
    }

    @Test func `What it makes is for every reader, whatever the mask it is started with`() throws {
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        let bytes = ReceiverRun.push(
            [("a/b/c", Frame.nothing, commit)], try ObjectStream(ofArchive: stage.mine))
        let receiver = shellWords([try Programs.receiver(), stage.cache])
        expectSuccess(try run(["sh", "-c", "umask 077; exec \(receiver)"], input: .bytes(bytes)))
        let hidden = try run(["find", "\(stage.cache)/objects", "\(stage.cache)/refs", "!", "-perm", "-444"])
        #expect(hidden.lines == [])
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    @Test func `Pushes at the same moment all arrive`() async throws {
        let stage = try Stage(.bareUser)
        var commits: [String: String] = [:]
        for number in 1...6 {
            commits["a/b/\(number)"] = try stage.commit("a/b/\(number)", text: "\(number)")
        }
        let clients = try commits.keys.map {
            try stage.start(stage.pushing([$0]))
        }
        for client in clients { expectSuccess(try client.finish()) }
        #expect(try Reader.refs(stage.cache) == commits)
        try OSTreeCommand.fsck(stage.cache)
        #expect(try Reader.leftovers(stage.cache) == [])
    }

    @Test func `Of two pushes that move one ref to different commits, one is refused`() throws {
        let stage = try Stage()
        let base = try stage.commit("branch", text: "base")
        expectSuccess(try stage.push(["branch"]))
        let rival = try stage.copy(stage.mine, as: "rival")
        let ours = try stage.commit("branch", text: "ours")
        let theirs = try stage.commit("branch", text: "theirs", in: rival)
        // Both are told that the branch is at its base; the second then finds it moved.
        let update = { (commit: String, repository: String) in
            try ReceiverRun.push([("branch", base, commit)], ObjectStream(ofArchive: repository))
        }
        let first = try RunningProcess([Programs.receiver(), stage.cache])
        let bytes = try update(theirs, rival)
        try first.write(Array(bytes.dropLast(5)))
        #expect(try eventually { try !Reader.leftovers(stage.cache).isEmpty })
        expectSuccess(try stage.push(["branch"]))
        try first.write(Array(bytes.suffix(5)))
        let result = try first.finish()
        #expect(result.status == .exited(1))
        #expect(result.errorText.contains(ours), "\(result.errorText)")
        try stage.expectArrived(["branch"], at: ours)
        #expect(try !Reader.objects(stage.cache).contains("\(theirs).commit"))
    }
}
