// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// A cache that is named by its ssh address, whose receiver gives no objects but says where it is pulled from.
@Suite struct ReceiverPullURLTests {
    private let stage: Stage

    init() throws {
        stage = try .plain()
    }

    /// A machine with a receiver that was started with these options.
    private func machine(_ options: String) throws -> SSHServer {
        try SSHServer(forceCommand: "\(Programs.receiver()) --no-pull \(options) \(stage.cache)")
    }

    private func variables(_ machine: SSHServer) -> [String: String?] {
        ["BST_ARTIFACT_SSH": machine.sshCommand.joined(separator: " ")]
    }

    @Test(arguments: [
        "artifacts:\n  url: ssh://localhost:PORT/artifacts\n",
        "artifacts:\n- url: ssh://localhost:PORT/~/artifacts\n",
        "artifacts:\n- {url: \"localhost:artifacts\", push: true}\n",
    ])
    func `What the receiver tells is where it comes from`(configuration: String) throws {
        let server = try WebServer(directory: stage.cache)
        let machine = try machine("--verbose --pull-url \(server.http2URL)")
        try stage.configure(
            configuration.replacingOccurrences(of: "PORT", with: String(machine.port)))
        let result = try stage.pullWell(from: nil, ["--ca", server.caFile], environment: variables(machine))
        #expect(result.lines.last?.hasSuffix(" from \(server.http2URL)") == true)
        try stage.expectPulled()
        #expect(try server.requests(atLeast: 5).count >= 5)
    }

    @Test func `An address on the command line, and a listing, ask the receiver as well`() throws {
        try OSTreeCommand.lines(stage.cache, ["summary", "-u"])
        let server = try WebServer(directory: stage.cache)
        let machine = try machine("--pull-url \(server.http1URL)")
        let remote = "ssh://localhost/artifacts"
        let ssh = ["--ssh", machine.sshCommand.joined(separator: " "), "--ca", server.caFile]
        try stage.pullWell(from: remote, ssh)
        try stage.expectPulled()
        let listing = try stage.list(ssh, from: remote).checked()
        #expect(listing.lines == [stage.ref])
    }

    @Test func `A plain HTTP address that a receiver tells is used with a warning`() throws {
        let server = try WebServer(directory: stage.cache)
        let machine = try machine("--pull-url \(server.plainURL)")
        let result = try stage.pullWell(from: "localhost:artifacts", environment: variables(machine))
        #expect(result.errorText.contains("warning: \(server.plainURL) is not encrypted"))
    }

    @Test func `A receiver that tells no address is an error that says what to do`() throws {
        let machine = try machine("--verbose")
        let errors = try stage.pullBadly(from: "ssh://localhost/artifacts", environment: variables(machine))
        #expect(errors.contains("ssh://localhost/artifacts does not say where it can be pulled from"))
        #expect(errors.contains("pull-url"))
    }

    @Test(arguments: ["file:///etc", "/etc", "ssh://localhost/other", "localhost:other"])
    func `A receiver cannot make us read this machine or ask another receiver`(told: String) throws {
        let machine = try machine("--pull-url \(told)")
        let errors = try stage.pullBadly(from: "ssh://localhost/artifacts", environment: variables(machine))
        #expect(errors.contains("ssh://localhost/artifacts says that it is pulled from "))
        #expect(errors.contains("no web address"))
    }

    @Test(arguments: ["-oProxyCommand=x", "ftp://host/path", "nonsense"])
    func `A receiver that tells no address at all is refused`(told: String) throws {
        let machine = try machine("--pull-url=\(told)")
        let errors = try stage.pullBadly(from: "ssh://localhost/artifacts", environment: variables(machine))
        #expect(errors.contains("ssh://localhost/artifacts"), "whose answer it was must be said")
    }

    @Test func `A receiver out of reach is worth a warning, and the next cache is asked`() throws {
        let machine = try SSHServer(forceCommand: "false")
        try stage.configure(
            "artifacts:\n- url: ssh://localhost:\(machine.port)/artifacts\n- url: \(stage.cache)\n")
        let result = try stage.pullWell(from: nil, environment: variables(machine))
        #expect(result.errorText.contains("warning: "))
        try stage.expectPulled()
    }
}
