// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The confinement of a key: it may push into the repositories that it may name, and do nothing else.
@Suite struct ConfinedReceiverTests {
    private let stage: Stage
    private let commit: String
    /// A directory with a cache in it; the stage's own is beside it.
    private var root: String { stage.directory.path("caches") }
    private var inside: String { "\(root)/team/artifacts" }

    init() throws {
        stage = try Stage()
        commit = try stage.commit("a/b/c")
        try stage.directory.makeDirectory("caches/team")
        try OSTreeCommand.initRepo(inside, mode: .archive)
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/way-out", withDestinationPath: stage.cache)
    }

    /// Starts the receiver as sshd does when a client asks for `command`.
    private func receive(_ command: String?, _ options: [String] = [], bytes: [UInt8]? = nil) throws
        -> ProcessResult
    {
        let push = ReceiverRun.push(
            [("a/b/c", Frame.nothing, commit)], try ObjectStream(ofArchive: stage.mine))
        return try run(
            [Programs.receiver(), "--root", root] + options, input: .bytes(bytes ?? push),
            environment: ["SSH_ORIGINAL_COMMAND": command])
    }

    @Test(arguments: [
        "bst-artifact-receive team/artifacts", "bst-artifact-receive --verbose 'team/artifacts'",
        "/usr/bin/bst-artifact-receive -v -- team/../team/artifacts",
        "bst-artifact-receive ROOT/team/artifacts", "bst-artifact-receive /team/artifacts",
        "bst-artifact-receive --repo=/team/artifacts",
    ])
    func `A client may name a repository below the root`(command: String) throws {
        expectSuccess(try receive(command.replacingOccurrences(of: "ROOT", with: root)))
        try expectArrived(["a/b/c"], at: commit, in: inside)
        #expect(try Reader.refs(stage.cache).isEmpty)
    }

    @Test(arguments: [
        "bst-artifact-receive CACHE", "bst-artifact-receive ../cache", "bst-artifact-receive way-out",
        "bst-artifact-receive team/../../cache", "bst-artifact-receive /", "bst-artifact-receive ROOT-else",
        "bst-artifact-receive /etc", "ostree-receive --repo=../cache", "bst-artifact-receive nothing",
        "bst-artifact-receive", "bst-artifact-receive ''", "bst-artifact-receive /way-out",
        "bst-artifact-receive /../cache",
    ])
    func `No other place can be named`(command: String) throws {
        let words = command.replacingOccurrences(of: "CACHE", with: stage.cache)
            .replacingOccurrences(of: "ROOT", with: root)
        let before = try Reader.snapshot(inside)
        try expectFailure("repositor", status: 1, unchanged: [stage.cache]) { try receive(words) }
        #expect(try Reader.snapshot(inside).differences(from: before) == [])
    }

    @Test(arguments: [
        "touch MARK", "bst-artifact-receive team/artifacts; touch MARK", "sh -c 'touch MARK'",
        "bst-artifact-receive $(touch MARK)", "bst-artifact-receive team/artifacts & touch MARK",
        "bst-artifact-receive --pre-receive=MARK team/artifacts", "bst-artifact-receive --root=/ CACHE",
        "bst-artifact-receive 'team/artifacts", "scp -t team/artifacts", "bst-artifact-receive a b", "",
        "bst-artifact-receive --allow-ref '*' team/artifacts",
    ])
    func `Nothing that a client asks for is run, and no option of the owner is the client's`(command: String)
        throws
    {
        let mark = stage.directory.path("mark")
        let words = command.replacingOccurrences(of: "MARK", with: mark)
            .replacingOccurrences(of: "CACHE", with: stage.cache)
        try expectFailure(status: 1, unchanged: [stage.cache, inside]) { try receive(words) }
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    @Test(
        arguments: [
            ("ostree-receive-1 team/artifacts http://127.0.0.1:1 a/b/c", "cannot fetch"),
            ("ostree-receive --verbose -n team/artifacts http://10.0.0.1:1", "nothing is pulled from"),
            ("ostree-receive-1 team/artifacts", "names no address"),
            ("ostree-receive-1 team/artifacts http://127.0.0.1:1 //", "no name of a ref"),
        ], [true, false])
    func `A client of ostree-push that cannot be pulled from is told so, and does not wait`(
        request: (command: String, words: String), isConfined: Bool
    ) throws {
        let receiver = try RunningProcess(
            [Programs.receiver()] + (isConfined ? ["--root", root] : [inside]),
            environment: ["SSH_ORIGINAL_COMMAND": request.command])
        #expect(try receiver.wait() == .exited(1))
        #expect(receiver.errorText.contains(request.words), "\(receiver.errorText)")
    }

    @Test func `What the client asks for decides about the version`() throws {
        let bytes = ReceiverRun.push0(
            [("a/b/c", Frame.nothing, commit)], try ObjectStream(ofArchive: stage.mine))
        expectSuccess(try receive("ostree-receive --repo=team/artifacts", bytes: bytes))
        try expectArrived(["a/b/c"], at: commit, in: inside)
    }

    @Test func `A real client reaches one of several caches through sshd, and gets no shell`() throws {
        let server = try SSHServer(
            forceCommand: "bst-artifact-receive --root '\(root)'", environmentPath: Programs.searchPath)
        let ssh = ["--ssh", shellWords(server.sshCommand)]
        expectSuccess(
            try stage.push(["a/b/c"], to: "localhost:team/artifacts", ssh))
        try expectArrived(["a/b/c"], at: commit, in: inside)
        let shell = try run(server.sshCommand + ["localhost", "id"])
        #expect(!shell.succeeded && !shell.text.contains("uid="))
        #expect(shell.errorText.contains("is not run"), "\(shell.errorText)")
    }

    @Test func `A receiver cannot leave its repository, even where a link leads out of it`() throws {
        guard FileManager.default.fileExists(atPath: "/proc/self") else { return }
        let outside = try stage.directory.makeDirectory("outside")
        let directory = "\(stage.cache)/objects/\(commit.prefix(2))"
        try? FileManager.default.removeItem(atPath: directory)
        try FileManager.default.createSymbolicLink(atPath: directory, withDestinationPath: outside)
        let result = try stage.push(["a/b/c"])
        #expect(!result.succeeded)
        #expect(result.errorText.contains("Permission denied"), "\(result.errorText)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == [])
        #expect(try Reader.refs(stage.cache).isEmpty)
    }
}
