// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pushes that lose their receiver, or their connection, in the middle of a large object.
@Suite struct InterruptedPushTests {
    private let stage: Stage
    private let commit: String
    /// A server whose receiver is verbose.
    private let server: SSHServer

    /// Commits a file that takes a while.
    init() throws {
        stage = try Stage(.bareUser)
        // It does not fit into pipes, not even compressed.
        try stage.directory.makeDirectory("tree")
        try run(["sh", "-c", "head -c 32M /dev/urandom > '\(stage.tree)/large'"]).checked()
        commit = try OSTreeCommand.commit(stage.mine, tree: stage.tree, refs: ["large"])
        try stage.commit("there/already", text: "other", in: stage.cache)
        server = try SSHServer(
            forceCommand: "bst-artifact-receive --verbose \(stage.cache)",
            environmentPath: Programs.searchPath)
    }

    /// The quarantine of the push in progress.
    private func isReceiving() throws -> Bool {
        try Reader.leftovers(stage.cache).contains { directory in
            let incoming = "\(stage.cache)/tmp/\(directory)/incoming"
            // It may be just being made.
            let files = try? FileManager.default.contentsOfDirectory(atPath: incoming)
            return files?.isEmpty == false
        }
    }

    /// The processes of a program below one of the test's own.
    private func processes(_ program: String, below root: pid_t) -> [pid_t] {
        ProcessTree.descendants(of: root).filter { process in
            let name = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
            let first = name.split(separator: 0).first.map { String(decoding: $0, as: UTF8.self) } ?? ""
            return first == program || first.hasSuffix("/\(program)")
        }
    }

    /// Pushes, has `interrupt` do its work in the middle, and expects a message and an unchanged cache; then
    /// pushes to the end.
    private func expectInterruption(
        _ words: String..., remote: String? = nil, by interrupt: (RunningProcess) throws -> Void
    ) throws {
        let before = try Reader.snapshot(stage.cache)
        let options = remote == nil ? ["--ssh", shellWords(server.sshCommand)] : []
        let arguments = stage.pushing(["large"], to: remote ?? "localhost:ignored", options)
        let client = try stage.start(arguments)
        let isUnderWay = try eventually { try isReceiving() || !client.isRunning }
        #expect(isUnderWay && client.isRunning, "\(client.errorText)")
        try interrupt(client)
        let result = try client.finish()
        #expect(!result.succeeded)
        for word in words { #expect(result.errorText.contains(word), "\(result.errorText)") }
        #expect(result.output.isEmpty, "nothing was pushed")
        #expect(try Reader.snapshot(stage.cache).differences(from: before) == [])
        try OSTreeCommand.fsck(stage.cache)

        expectSuccess(try stage.artifact(arguments))
        try stage.expectArrived(["large"], at: commit)
    }

    @Test func `A receiver that is killed over there is reported, and the next push succeeds`() throws {
        try expectInterruption("cannot work with the receiver of ssh://localhost") { _ in
            let receivers = processes("bst-artifact-receive", below: server.processID)
            #expect(!receivers.isEmpty)
            for process in receivers { kill(process, SIGKILL) }
        }
    }

    @Test func `A receiver that is killed here is reported, and the next push succeeds`() throws {
        try expectInterruption("killed by signal 9", "push again", remote: stage.cache) { client in
            for process in processes("bst-artifact-receive", below: client.processID) {
                kill(process, SIGKILL)
            }
        }
    }

    @Test func `An ssh that is killed is reported, and the next push succeeds`() throws {
        try expectInterruption("ssh was killed by signal 9", "push again") { client in
            for process in processes("ssh", below: client.processID) { kill(process, SIGKILL) }
        }
    }

    @Test func `A connection that the server drops is reported, and the next push succeeds`() throws {
        try expectInterruption("the connection") { _ in
            // The processes of this one session; the server itself goes on.
            for process in processes("sshd:", below: server.processID)
                + sessions(of: server)
            {
                kill(process, SIGKILL)
            }
        }
    }

    @Test func `A client that is killed leaves the cache as it was, and the next push succeeds`() throws {
        try expectInterruption { client in client.terminate(SIGKILL) }
    }

    private func sessions(of server: SSHServer) -> [pid_t] {
        ProcessTree.descendants(of: server.processID).filter { process in
            let name = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
            return String(decoding: name, as: UTF8.self).hasPrefix("sshd")
        }
    }
}
