// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pushes of a large file that break off in its middle, and those that follow.
@Suite struct ResumedPushTests {
    private static let size = 30 << 20
    private static let passed = 20_000_000

    /// A way to end a push in the middle of the file.
    enum Interruption: CaseIterable {
        case endOfInput, killedReceiver, stoppedReceiver, killedClient
    }

    /// Commits a file that cannot be compressed.
    private func stage(_ mode: OSTreeCommand.Mode) throws -> (stage: Stage, commit: String) {
        let stage = try Stage(mode)
        try stage.directory.makeDirectory("tree")
        try Stage.makeNoise("\(stage.tree)/large", megabytes: Self.size >> 20)
        try stage.directory.file("tree/small", "small\n")
        let commit = try OSTreeCommand.commit(
            stage.mine, tree: stage.tree, refs: ["large"], options: ["--fsync=false"])
        return (stage, commit)
    }

    private func arguments(_ stage: Stage, _ carrier: Stage.Carrier) -> [String] {
        stage.pushing(["large"], ["--receiver", carrier.path])
    }

    /// Pushes until most of what passes is in a fragment, then ends the push.
    private func interrupt(
        _ stage: Stage, by interruption: Interruption, environment: [String: String?] = Stage.allCapabilities
    ) throws {
        let carrier = try stage.carrier(
            interruption == .endOfInput ? .cut(Self.passed) : .stalled(Self.passed))
        let client = try stage.start(arguments(stage, carrier), environment: environment)
        if interruption != .endOfInput {
            try awaitFragment(stage, client)
            let receiver = try #require(carrier.receiver)
            switch interruption {
            case .endOfInput: break
            case .killedReceiver: kill(receiver, SIGKILL)
            case .stoppedReceiver: kill(receiver, SIGTERM)
            case .killedClient: client.terminate(SIGKILL)
            }
        }
        let result = try client.finish()
        #expect(!result.succeeded && result.output.isEmpty, "\(result.errorText)")
        carrier.awaitEnd()
        #expect(try Stage.fragments(stage.cache).contains { $0.size > Self.passed * 9 / 10 })
    }

    private func awaitFragment(_ stage: Stage, _ client: RunningProcess) throws {
        let hasFragment = try eventually {
            try Stage.fragments(stage.cache).contains { $0.size > Self.passed * 9 / 10 }
        }
        #expect(hasFragment, "\(client.errorText)")
    }

    /// Pushes to the end.
    ///
    /// - Returns: the number of bytes that it took.
    private func finish(
        _ stage: Stage, _ commit: String, environment: [String: String?] = Stage.allCapabilities
    ) throws -> Int {
        let carrier = try stage.carrier(.counted)
        expectSuccess(try stage.artifact(arguments(stage, carrier), environment: environment))
        try stage.expectArrived(["large"], at: commit)
        return carrier.count
    }

    @Test(arguments: Interruption.allCases)
    func `The next push continues the file, however the first one ended`(interruption: Interruption) throws {
        let (stage, commit) = try stage(.bareUser)
        try interrupt(stage, by: interruption)
        let count = try finish(stage, commit)
        #expect(count < Self.size / 2, "\(count)")
    }

    @Test func `A file of an archive repository is continued, as often as it breaks off`() throws {
        let (stage, commit) = try stage(.archive)
        try interrupt(stage, by: .endOfInput)
        let carrier = try stage.carrier(.cut(4_000_000))
        let result = try stage.artifact(arguments(stage, carrier), environment: Stage.allCapabilities)
        #expect(!result.succeeded)
        carrier.awaitEnd()
        let count = try finish(stage, commit)
        #expect(count < Self.size - Self.passed - 3_000_000, "\(count)")
    }

    @Test func `A file is continued where the connection died`() throws {
        let (stage, commit) = try stage(.bareUser)
        let carrier = try stage.carrier(.stalled(Self.passed))
        let server = try SSHServer(
            forceCommand: "env -u BST_ARTIFACT_ABILITIES '\(carrier.path)' '\(stage.cache)'")
        let client = try stage.start(
            stage.pushing(
                ["large"], to: "localhost:ignored", ["--ssh", shellWords(server.sshCommand)]),
            environment: Stage.allCapabilities)
        try awaitFragment(stage, client)
        for process in ProcessTree.descendants(of: client.processID) { kill(process, SIGKILL) }
        #expect(try !client.finish().succeeded)
        carrier.awaitEnd()
        let count = try finish(stage, commit)
        #expect(count < Self.size / 2, "\(count)")
    }

    @Test(arguments: [0, passed / 2])
    func `What is damaged is noticed, and the file comes again in the same push`(offset: Int) throws {
        let (stage, commit) = try stage(.bareUser)
        try interrupt(stage, by: .endOfInput)
        for fragment in try Stage.fragments(stage.cache) { try Stage.damage(fragment.path, at: offset) }
        let count = try finish(stage, commit)
        #expect(count > Self.size + (Self.size - Self.passed), "\(count)")
        #expect(count < 2 * Self.size)
    }

    @Test func `Peers that do not know of it send all of it`() throws {
        let (stage, commit) = try stage(.bareUser)
        let environment = ["BST_ARTIFACT_ABILITIES": "long,want,ahead"]
        try interrupt(stage, by: .endOfInput, environment: environment)
        #expect(try finish(stage, commit, environment: environment) > Self.size)
    }
}
