// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pushes that lose their receiver, or their connection, in the middle of a large object.
@Suite struct InterruptedPushTests {
    /// A repository with a file that takes a while, and a server whose receiver says what it receives.
    private struct Scene {
        let shop: Workshop
        let commit: String
        let server: SSHServer

        init() throws {
            shop = try Workshop(.bareUser)
            // Neither fits into pipes nor can be compressed to what does.
            let tree = try shop.directory.folder("tree")
            try run(["sh", "-c", "head -c 32M /dev/urandom > '\(tree)/large'"]).checked()
            commit = try OSTreeCommand.commit(shop.source, tree: tree, refs: ["large"])
            try shop.commit("there/already", text: "other", in: shop.cache)
            server = try SSHServer(
                forceCommand: "bst-artifact-receive --verbose \(shop.cache)",
                environmentPath: Programs.searchPath)
        }

        /// The quarantine of the push in progress.
        func isReceiving() throws -> Bool {
            try Reader.leftovers(shop.cache).contains { folder in
                let incoming = "\(shop.cache)/tmp/\(folder)/incoming"
                // It may be just being made.
                let files = try? FileManager.default.contentsOfDirectory(atPath: incoming)
                return files?.isEmpty == false
            }
        }

        /// The processes of a program below one of the test's own.
        func processes(_ program: String, below root: pid_t) -> [pid_t] {
            ProcessTree.descendants(of: root).filter { process in
                let name = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
                let first = name.split(separator: 0).first.map { String(decoding: $0, as: UTF8.self) } ?? ""
                return first == program || first.hasSuffix("/\(program)")
            }
        }

        /// Pushes, has `interrupt` do its work in the middle, and expects a message and an unchanged cache; then
        /// pushes to the end.
        func expectInterruption(
            _ words: String..., remote: String? = nil, by interrupt: (RunningProcess) throws -> Void
        ) throws {
            let before = try Reader.snapshot(shop.cache)
            let options = remote == nil ? ["--ssh", shellWords(server.sshCommand)] : []
            let arguments = Client.pushing(
                ["large"], from: shop.source, to: remote ?? "localhost:ignored", options)
            let client = try Client.start(arguments)
            let isUnderWay = try eventually(within: 30) { try isReceiving() || !client.isRunning }
            #expect(isUnderWay && client.isRunning, "\(client.errorText)")
            try interrupt(client)
            let result = try client.finish()
            #expect(!result.succeeded)
            for word in words { #expect(result.errorText.contains(word), "\(result.errorText)") }
            #expect(result.output.isEmpty, "nothing was pushed")
            #expect(try Reader.snapshot(shop.cache).differences(from: before) == [])
            try OSTreeCommand.fsck(shop.cache)

            expectSuccess(try Client.run(arguments))
            try expectArrived(["large"], at: commit, in: shop.cache)
        }
    }

    @Test func `A receiver that is killed over there is reported, and the next push succeeds`() throws {
        let scene = try Scene()
        try scene.expectInterruption("cannot work with the receiver of ssh://localhost") { _ in
            let receivers = scene.processes("bst-artifact-receive", below: scene.server.processID)
            #expect(!receivers.isEmpty)
            for process in receivers { kill(process, SIGKILL) }
        }
    }

    @Test func `A receiver that is killed here is reported, and the next push succeeds`() throws {
        let scene = try Scene()
        try scene.expectInterruption("killed by signal 9", "push again", remote: scene.shop.cache) { client in
            for process in scene.processes("bst-artifact-receive", below: client.processID) {
                kill(process, SIGKILL)
            }
        }
    }

    @Test func `An ssh that is killed is reported, and the next push succeeds`() throws {
        let scene = try Scene()
        try scene.expectInterruption("ssh was killed by signal 9", "push again") { client in
            for process in scene.processes("ssh", below: client.processID) { kill(process, SIGKILL) }
        }
    }

    @Test func `A connection that the server drops is reported, and the next push succeeds`() throws {
        let scene = try Scene()
        try scene.expectInterruption("the connection") { _ in
            // The processes of this one session; the server itself goes on.
            for process in scene.processes("sshd:", below: scene.server.processID)
                + sessions(of: scene.server)
            {
                kill(process, SIGKILL)
            }
        }
    }

    @Test func `A client that is killed leaves the cache as it was, and the next push succeeds`() throws {
        let scene = try Scene()
        try scene.expectInterruption { client in client.terminate(SIGKILL) }
    }

    private func sessions(of server: SSHServer) -> [pid_t] {
        ProcessTree.descendants(of: server.processID).filter { process in
            let name = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
            return String(decoding: name, as: UTF8.self).hasPrefix("sshd")
        }
    }
}
