// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Caches that cannot be reached, and what the user is told.
@Suite struct ConnectionFailureTests {
    private let stage: Stage

    init() throws {
        stage = try Stage(.bareUser)
        try stage.commit("a/b/c")
    }

    private func server(_ forceCommand: String? = nil) throws -> SSHServer {
        try SSHServer(forceCommand: forceCommand, environmentPath: Programs.searchPath)
    }

    private func push(_ ssh: [String], _ options: [String] = [], to remote: String? = nil) throws
        -> ProcessResult
    {
        try stage.push(
            ["a/b/c"], to: remote ?? "localhost:\(stage.cache)", ["--ssh", shellWords(ssh)] + options)
    }

    /// Expects a push, and a check of the connection, to fail with ssh's words and ours.
    private func expectRefusal(_ sshSays: String, _ weSay: String, _ ssh: [String]) throws {
        try expectFailure(sshSays, weSay, status: 1, unchanged: [stage.cache, stage.mine]) {
            try push(ssh)
        }
        try expectFailure(sshSays, weSay, status: 1, unchanged: [stage.cache]) {
            try stage.artifact(["check", "--remote", "localhost:\(stage.cache)", "--ssh", shellWords(ssh)])
        }
    }

    @Test func `A key that may not log in is Permission denied`() throws {
        let server = try server()
        try expectRefusal(
            "Permission denied", "does not accept your key", server.wrongKeyCommand)
    }

    @Test func `An unknown host is named so`() throws {
        let server = try server()
        try expectRefusal(
            "Host key verification failed", "its host key is not known", server.unknownHostCommand)
    }

    @Test func `A changed host key is named so`() throws {
        let server = try server()
        try expectRefusal(
            "REMOTE HOST IDENTIFICATION HAS CHANGED", "not the one that ssh remembers",
            server.changedHostCommand)
    }

    @Test func `A port where nothing listens is Connection refused`() throws {
        let server = try server()
        server.stop()
        try expectRefusal("Connection refused", "nothing listens there", server.sshCommand)
    }

    @Test func `A host that has no address is named so`() throws {
        try expectFailure(
            "Could not resolve hostname", "no host of that name", status: 1, unchanged: [stage.cache]
        ) {
            try push(["ssh", "-F", "/dev/null"], to: "ssh://no-such-host.invalid/artifacts")
        }
    }

    @Test func `A port where something other than sshd listens is named so`() throws {
        // It reads before it exits: ssh reports a write that fails as a broken connection.
        let server = "ProxyCommand=sh -c 'head -n 1 >/dev/null; echo 220 mail.example.com ready'"
        let ssh = ["ssh", "-F", "/dev/null", "-o", server]
        try expectFailure("does not speak ssh", status: 1, unchanged: [stage.cache]) {
            try push(ssh, to: "127.0.0.1:artifacts")
        }
    }

    @Test func `An ssh that is not installed is named so`() throws {
        try expectFailure("no-such-ssh", "install it", status: 1, unchanged: [stage.cache]) {
            try push(["no-such-ssh"])
        }
    }

    @Test(arguments: ["1", "0"])
    func `A named receiver that is not installed over there is named so`(version: String) throws {
        let server = try server()
        try expectFailure("no program 'no-such-receiver'", status: 1, unchanged: [stage.cache]) {
            try push(
                server.sshCommand, ["--receiver", "no-such-receiver", "--protocol", version])
        }
    }

    @Test func `A machine without our receiver, and one without the first one, are named so`() throws {
        let server = try SSHServer(environmentPath: "/usr/bin:/bin")
        for (version, name) in [("1", "bst-artifact-receive"), ("0", "ostree-receive")] {
            try expectFailure("no program '\(name)'", status: 1, unchanged: [stage.cache]) {
                try stage.push(
                    ["a/b/c"], to: "localhost:\(stage.cache)", over: server,
                    ["--protocol", version])
            }
        }
    }

    @Test(arguments: ["Welcome to this machine!", "l", "last login: today"])
    func `A shell that prints a banner is reported, not taken for an answer`(banner: String) throws {
        let server = try server("echo '\(banner)'; exec bst-artifact-receive --verbose $SSH_ORIGINAL_COMMAND")
        try expectFailure("Error:", status: 1, unchanged: [stage.cache]) {
            try push(server.sshCommand)
        }
    }

    @Test(arguments: ["true", "exit 3", "kill -9 $$"])
    func `A far side that ends without a word is reported`(command: String) throws {
        let server = try server(command)
        try expectFailure(
            "cannot work with the receiver of ssh://localhost", status: 1, unchanged: [stage.cache]
        ) {
            try push(server.sshCommand)
        }
    }

    @Test func `A child that the receiver leaves behind is not waited for`() throws {
        let identifier = stage.directory.path("child")
        let script = try stage.directory.file(
            "receiver", "sleep 100 <&- >&- &\necho $! > '\(identifier)'\necho no luck >&2\nexit 3\n")
        try expectFailure("no luck", "status 3", status: 1, unchanged: [stage.cache]) {
            try stage.push(["a/b/c"], ["--receiver", "sh \(script)"])
        }
        let child = try #require(pid_t(String(contentsOfFile: identifier, encoding: .utf8).dropLast()))
        #expect(kill(child, SIGKILL) == 0, "it lives on")
    }
}
