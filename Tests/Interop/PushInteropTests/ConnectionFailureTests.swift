// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Caches that cannot be reached, and what the user is told.
@Suite struct ConnectionFailureTests {
    /// A server, a repository with a ref, and an untouched cache.
    private struct Scene {
        let server: SSHServer
        let shop: Workshop

        init(forceCommand: String? = nil) throws {
            server = try SSHServer(forceCommand: forceCommand, environmentPath: Programs.searchPath)
            shop = try Workshop(.bareUser)
            try shop.commit("a/b/c")
        }

        func push(_ ssh: [String], _ options: [String] = [], to remote: String? = nil) throws -> ProcessResult
        {
            try Client.push(
                ["a/b/c"], from: shop.source, to: remote ?? "localhost:\(shop.cache)",
                ["--ssh", shellWords(ssh)] + options)
        }

        /// Expects a push, and a check of the connection, to fail with ssh's words and ours.
        func expectRefusal(_ sshSays: String, _ weSay: String, _ ssh: [String]) throws {
            try expectFailure(sshSays, weSay, status: 1, unchanged: [shop.cache, shop.source]) {
                try push(ssh)
            }
            try expectFailure(sshSays, weSay, status: 1, unchanged: [shop.cache]) {
                try Client.run(["check", "--remote", "localhost:\(shop.cache)", "--ssh", shellWords(ssh)])
            }
        }
    }

    @Test func `A key that may not log in is Permission denied`() throws {
        let scene = try Scene()
        try scene.expectRefusal(
            "Permission denied", "does not accept your key", scene.server.wrongKeyCommand)
    }

    @Test func `An unknown host is named so`() throws {
        let scene = try Scene()
        try scene.expectRefusal(
            "Host key verification failed", "its host key is not known", scene.server.unknownHostCommand)
    }

    @Test func `A changed host key is named so`() throws {
        let scene = try Scene()
        try scene.expectRefusal(
            "REMOTE HOST IDENTIFICATION HAS CHANGED", "not the one that ssh remembers",
            scene.server.changedHostCommand)
    }

    @Test func `A port where nothing listens is Connection refused`() throws {
        let scene = try Scene()
        scene.server.stop()
        try scene.expectRefusal("Connection refused", "nothing listens there", scene.server.sshCommand)
    }

    @Test func `A host that has no address is named so`() throws {
        let scene = try Scene()
        try expectFailure(
            "Could not resolve hostname", "no host of that name", status: 1, unchanged: [scene.shop.cache]
        ) {
            try scene.push(["ssh", "-F", "/dev/null"], to: "ssh://no-such-host.invalid/artifacts")
        }
    }

    @Test func `A port where something other than sshd listens is named so`() throws {
        let scene = try Scene()
        // It reads before it exits: ssh reports a write that fails as a broken connection.
        let server = "ProxyCommand=sh -c 'head -n 1 >/dev/null; echo 220 mail.example.com ready'"
        let ssh = ["ssh", "-F", "/dev/null", "-o", server]
        try expectFailure("does not speak ssh", status: 1, unchanged: [scene.shop.cache]) {
            try scene.push(ssh, to: "127.0.0.1:artifacts")
        }
    }

    @Test func `An ssh that is not installed is named so`() throws {
        let scene = try Scene()
        try expectFailure("no-such-ssh", "install it", status: 1, unchanged: [scene.shop.cache]) {
            try scene.push(["no-such-ssh"])
        }
    }

    @Test(arguments: ["1", "0"])
    func `A named receiver that is not installed over there is named so`(version: String) throws {
        let scene = try Scene()
        try expectFailure("no program 'no-such-receiver'", status: 1, unchanged: [scene.shop.cache]) {
            try scene.push(
                scene.server.sshCommand, ["--receiver", "no-such-receiver", "--protocol", version])
        }
    }

    @Test func `A machine without our receiver, and one without the first one, are named so`() throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        let server = try SSHServer(environmentPath: "/usr/bin:/bin")
        for (version, name) in [("1", "bst-artifact-receive"), ("0", "ostree-receive")] {
            try expectFailure("no program '\(name)'", status: 1, unchanged: [shop.cache]) {
                try Client.push(
                    ["a/b/c"], from: shop.source, to: "localhost:\(shop.cache)", over: server,
                    ["--protocol", version])
            }
        }
    }

    @Test(arguments: ["Welcome to this machine!", "l", "last login: today"])
    func `A shell that prints a banner is reported, not taken for an answer`(banner: String) throws {
        let scene = try Scene(
            forceCommand: "echo '\(banner)'; exec bst-artifact-receive --verbose $SSH_ORIGINAL_COMMAND")
        try expectFailure("Error:", status: 1, unchanged: [scene.shop.cache]) {
            try scene.push(scene.server.sshCommand)
        }
    }

    @Test(arguments: ["true", "exit 3", "kill -9 $$"])
    func `A far side that ends without a word is reported`(command: String) throws {
        let scene = try Scene(forceCommand: command)
        try expectFailure(
            "cannot work with the receiver of ssh://localhost", status: 1, unchanged: [scene.shop.cache]
        ) {
            try scene.push(scene.server.sshCommand)
        }
    }

    @Test func `A child that the receiver leaves behind is not waited for`() throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        let identifier = shop.directory.path("child")
        let script = try shop.directory.file(
            "receiver", "sleep 100 <&- >&- &\necho $! > '\(identifier)'\necho no luck >&2\nexit 3\n")
        try expectFailure("no luck", "status 3", status: 1, unchanged: [shop.cache]) {
            try Client.push(["a/b/c"], from: shop.source, to: shop.cache, ["--receiver", "sh \(script)"])
        }
        let child = try #require(pid_t(String(contentsOfFile: identifier, encoding: .utf8).dropLast()))
        #expect(kill(child, SIGKILL) == 0, "it lives on")
    }
}
