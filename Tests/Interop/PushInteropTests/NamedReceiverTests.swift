// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Receivers that the client names over ssh: no ForceCommand stands in between.
@Suite struct NamedReceiverTests {
    @Test(arguments: [
        "plain", "with space", "it's", "\"quoted\"", "a$HOME`id`;b&c|d", "-dash/../-dash", "ž*?[a]",
        "back\\slash",
    ])
    func `A path reaches the receiver as it is, whatever a shell would make of it`(name: String) throws {
        let server = try SSHServer(environmentPath: Programs.searchPath)
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("directory/-dash")
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        let cache = directory.path("directory", name)
        try OSTreeCommand.initRepo(cache, mode: .archive)
        expectSuccess(
            try stage.push(["a/b/c"], to: "localhost:\(cache)", over: server))
        try expectArrived(["a/b/c"], at: commit, in: cache)
    }

    @Test func `A URL with escapes names the path that they stand for`() throws {
        let server = try SSHServer(environmentPath: Programs.searchPath)
        let stage = try Stage(cacheName: "it's a cache")
        let commit = try stage.commit("a/b/c")
        let path = stage.cache.replacingOccurrences(of: " ", with: "%20")
            .replacingOccurrences(of: "'", with: "%27")
        expectSuccess(
            try stage.push(["a/b/c"], to: "ssh://localhost\(path)", over: server))
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    @Test(arguments: ["ostree-receive", "ostree-receive-0"])
    func `Under the name of the first receiver ours speaks version 0`(name: String) throws {
        let stage = try Stage(.bareUser)
        let bin = try stage.directory.makeDirectory("bin")
        try FileManager.default.createSymbolicLink(
            atPath: "\(bin)/\(name)", withDestinationPath: Programs.receiver())
        let server = try SSHServer(environmentPath: "\(bin):/usr/bin:/bin")
        let commit = try stage.commit("a/b/c", "a/b/d")
        let options = ["--protocol", "0"] + (name == "ostree-receive" ? [] : ["--receiver", name])
        let push = {
            try stage.push(["a/b/c", "a/b/d"], to: "localhost:\(stage.cache)", over: server, options)
        }
        expectSuccess(try push())
        try stage.expectArrived(["a/b/c", "a/b/d"], at: commit)
        expectSuccess(try push())
        let next = try stage.commit("a/b/c", text: "next")
        expectSuccess(try push())
        try stage.expectArrived(["a/b/c"], at: next)
    }

    @Test func `ssh and its options come from the environment, and --ssh goes before that`() throws {
        let server = try SSHServer(environmentPath: Programs.searchPath)
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        let good = shellWords(server.sshCommand + ["-o", "LogLevel=ERROR"])
        let push = { (variable: String, options: [String]) in
            try stage.push(
                ["a/b/c"], to: "localhost:\(stage.cache)", options,
                environment: ["BST_ARTIFACT_SSH": variable])
        }
        expectSuccess(try push("/nonexistent/ssh", ["--ssh", good]))
        expectSuccess(try push(good, []))
        try stage.expectArrived(["a/b/c"], at: commit)
        try expectFailure("/nonexistent/ssh", status: 1, unchanged: [stage.cache]) {
            try push("/nonexistent/ssh", [])
        }
        try expectFailure("quotation", status: 1, unchanged: [stage.cache]) { try push("ssh -o 'open", []) }
    }

    @Test func `A receiver of another name and with options of its own can be named`() throws {
        let server = try SSHServer()
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        let receiver = shellWords([try Programs.receiver(), "--debug"])
        let result = try stage.push(
            ["a/b/c"], to: "localhost:\(stage.cache)", over: server,
            ["--receiver", receiver])
        expectSuccess(result)
        #expect(result.errorText.contains("\(commit).commit"), "--debug names each object")
        try stage.expectArrived(["a/b/c"], at: commit)
    }

    @Test func `check says what answers, in either version`() throws {
        let server = try SSHServer()
        let stage = try Stage()
        let receiver = try Programs.receiver()
        for (version, extra) in [("1", " --pull-url https://cache.example.com/"), ("0", " --protocol 0")] {
            let result = try stage.artifact([
                "check", "--remote", "localhost:\(stage.cache)", "--ssh", shellWords(server.sshCommand),
                "--receiver", receiver + extra, "--protocol", version,
            ])
            expectSuccess(result)
            #expect(result.text.contains("version \(version)"))
            #expect(result.text.contains("archive"))
            #expect(result.text.contains("https://cache.example.com/") == (version == "1"))
        }
    }
}
