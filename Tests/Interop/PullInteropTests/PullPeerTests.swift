// SPDX-License-Identifier: Apache-2.0
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
}
