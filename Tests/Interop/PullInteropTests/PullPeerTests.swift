// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Pulls through a receiver between our programs and `pull_peer.py`, which was written from the protocol's description.
@Suite struct PullPeerTests {
    private let stage: Stage

    init() throws {
        stage = try .awkward(.archive)
    }

    private func peer(_ arguments: [String]) throws -> [String] {
        // Debian's OSTree bindings belong to this Python.
        ["/usr/bin/python3", "\(Programs.repositoryRoot)/Interop/Peers/pull_peer.py"] + arguments
    }

    @Test(arguments: [[], ["--no-ahead"]])
    func `Its client gets from our receiver what it asks for`(options: [String]) throws {
        let receiver = [try Programs.receiver(), stage.cache]
        try run(
            peer(["pull", "--repo", stage.mine, "--ref", stage.ref] + options + ["--"] + receiver),
            environment: Stage.allCapabilities
        ).checked()
        try OSTreeCommand.fsck(stage.mine)
        try stage.expectPulled()
        let listing = try run(peer(["list", "--"] + receiver), environment: Stage.allCapabilities).checked()
        #expect(listing.lines.first?.hasPrefix("\(stage.ref) \(stage.first) ") == true)
    }

    @Test(arguments: [[], ["--ahead"]])
    func `Our client gets from its receiver what it asks for`(options: [String]) throws {
        let machine = try SSHServer(forceCommand: shellWords(peer(["give"] + options + [stage.cache])))
        let ssh = ["--ssh", shellWords(machine.sshCommand)]
        let remote = "ssh://localhost/artifacts"
        try stage.pullWell(from: remote, ssh, environment: Stage.allCapabilities)
        try stage.expectPulled()
        let listing = try stage.list(ssh, from: remote, environment: Stage.allCapabilities).checked()
        #expect(listing.lines == [stage.ref])
        let other = try stage.another(.bareUser)
        try other.pullWell([stage.ref + "*"], from: remote, ssh, environment: Stage.allCapabilities)
        try other.expectPulled(from: stage)
    }

    /// A cache with a file of 3 MB that cannot be compressed, and that file as it travels.
    private static func largeStage(_ mode: OSTreeCommand.Mode) throws -> (Stage, path: String, size: Int) {
        let stage = try Stage(mode) { tree in
            try Stage.makePlainTree(tree)
            try Stage.makeNoise("\(tree)/large", megabytes: 3)
        }
        let large = try stage.paths("filez").map { path in
            let attributes = try FileManager.default.attributesOfItem(atPath: stage.cache + path)
            return (path, attributes[.size] as? Int ?? 0)
        }.max { $0.1 < $1.1 }
        let (path, size) = try #require(large)
        return (stage, path, size)
    }

    @Test func `Its client gets the rest of a file from our receiver`() throws {
        let (stage, path, size) = try Self.largeStage(.archive)
        let checksum = ObjectPath.checksum(path)
        let directory = try stage.directory.makeDirectory("fragments")
        try Data(contentsOf: URL(filePath: stage.cache + path)).prefix(2_000_000)
            .write(to: URL(filePath: "\(directory)/\(checksum)-\(size)"))
        let result = try run(
            peer(["pull", "--repo", stage.mine, "--ref", stage.ref, "--resume", directory, "--"])
                + [Programs.receiver(), stage.cache],
            environment: Stage.allCapabilities
        ).checked()
        #expect(result.errorText.contains("rest of \(checksum): \(size - 2_000_000)"), "\(result.errorText)")
        try OSTreeCommand.fsck(stage.mine)
        try stage.expectPulled()
    }

    @Test func `Our client gets the rest of a file from its receiver`() throws {
        let (stage, path, size) = try Self.largeStage(.bareUser)
        func ssh(_ options: [String]) throws -> [String] {
            let words = shellWords(try peer(["give"] + options + [stage.cache]))
            return ["--ssh", try stage.program("ssh", "exec \(words)")]
        }
        let remote = "ssh://localhost/artifacts"
        _ = try stage.pullBadly(
            from: remote, ssh(["--cut", "2000000"]), environment: Stage.allCapabilities)
        let result = try stage.pullWell(
            from: remote, ssh(["--resume"]) + ["--verbose"], environment: Stage.allCapabilities)
        let rest = result.errorText.firstMatch(of: /rest of ([0-9a-f]+): ([0-9]+)/)
        let (_, checksum, count) = try #require(rest?.output, "\(result.errorText)")
        #expect(checksum == ObjectPath.checksum(path))
        #expect(try #require(Int(count)) < size / 2)
        try stage.expectPulled()
    }
}
