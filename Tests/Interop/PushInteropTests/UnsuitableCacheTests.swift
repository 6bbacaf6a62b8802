// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Caches, remotes and repositories that cannot be used.
@Suite struct UnsuitableCacheTests {
    @Test(arguments: [OSTreeCommand.Mode.bareUser, .bareUserOnly, .bare], ["1", "0"])
    func `A cache that is no archive is refused with its mode`(mode: OSTreeCommand.Mode, version: String)
        throws
    {
        let stage = try Stage(.bareUser, cache: mode)
        try stage.commit("a/b/c")
        try expectFailure("mode \(mode.rawValue)", "archive", status: 1, unchanged: [stage.cache]) {
            try stage.push(["a/b/c"], ["--protocol", version])
        }
        let check = try stage.artifact(["check", "--remote", stage.cache, "--protocol", version])
        #expect(check.failed)
        #expect(check.text.contains(mode.rawValue))
        #expect(check.errorText.contains("cannot take pushes"))
    }

    @Test func `A receiver itself refuses to change a cache that is no archive`() throws {
        let stage = try Stage(.archive, cache: .bareUser)
        let commit = try stage.commit("a/b/c")
        let bytes = ReceiverRun.push(
            [("a/b/c", Frame.nothing, commit)], try ObjectStream(ofArchive: stage.mine))
        try expectFailure("archive", status: 1, unchanged: [stage.cache]) {
            try ReceiverRun.run(stage.cache, bytes)
        }
    }

    @Test(arguments: ["1", "0"])
    func `A cache that is not there is reported, here and over ssh`(version: String) throws {
        let stage = try Stage(.bareUser)
        try stage.commit("a/b/c")
        let missing = stage.directory.path("missing")
        let server = try SSHServer(environmentPath: Programs.searchPath)
        let ssh = ["--ssh", shellWords(server.sshCommand), "--receiver", try Programs.receiver()]
        let extra = version == "0" ? ["--receiver", "\(try Programs.receiver()) --protocol 0"] : []
        for (remote, options) in [(missing, []), ("localhost:\(missing)", ssh)] {
            try expectFailure(missing, status: 1, unchanged: [stage.mine]) {
                try stage.push(
                    ["a/b/c"], to: remote,
                    options.isEmpty ? ["--protocol", version] : options + ["--protocol", version] + extra)
            }
        }
        #expect(!FileManager.default.fileExists(atPath: missing))
    }

    @Test func `A directory that is no repository is reported`() throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        let directory = try stage.directory.makeDirectory("no-repository")
        try expectFailure(directory, status: 1, unchanged: []) {
            try stage.push(["a/b/c"], to: directory)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
    }

    @Test func `A repository to push from that is not there is reported, with a way to make it`() throws {
        let stage = try Stage()
        let missing = stage.directory.path("missing")
        try expectFailure(missing, "bst-artifact init", status: 1, unchanged: [stage.cache]) {
            try stage.push(["a/b/c"], from: missing)
        }
        #expect(!FileManager.default.fileExists(atPath: missing))
    }

    @Test func `A source that lacks an object is reported, and nothing arrives`() throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        let file = try #require(OSTreeCommand.listObjects(stage.mine).first { $0.hasSuffix(".filez") })
        let path = "objects/\(file.prefix(2))/\(file.dropFirst(2))"
        try FileManager.default.removeItem(atPath: "\(stage.mine)/\(path)")
        try expectFailure(String(file.prefix(64)), status: 1, unchanged: [stage.cache]) {
            try stage.push(["a/b/c"])
        }
    }

    @Test func `A source with a damaged object is not taken in by the receiver`() throws {
        let stage = try Stage(.bareUser)
        try stage.commit("a/b/c")
        let file = try #require(OSTreeCommand.listObjects(stage.mine).first { $0.hasSuffix(".file") })
        let path = stage.mine + ObjectPath.path(file)
        let attributes = try run(["getfattr", "--dump", "-m-", path])
        #expect(attributes.succeeded || attributes.errorText.contains("No such file"))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        handle.write(Data("J".utf8))
        try handle.close()
        try expectFailure(String(file.prefix(64)), status: 1, unchanged: [stage.cache]) {
            try stage.push(["a/b/c"])
        }
    }

    @Test(arguments: ["http://localhost:1/artifacts", "https://localhost:1/artifacts"])
    func `A web server cannot be pushed to`(remote: String) throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        try expectFailure("only serve", "ssh://", status: 1, unchanged: [stage.cache]) {
            try stage.push(["a/b/c"], to: remote)
        }
    }

    @Test(arguments: [
        "-oProxyCommand=touch MARK:path", "ssh://-oProxyCommand=touch%20MARK/path",
        "-oProxyCommand=touch MARK",
        "ssh://-l@host/path", "-user@host:path", "host:-path", "ssh://ho\nst/path", "host\u{7}:path",
        "ssh://host/pa%0Ath", "ssh://host:0/path", "ssh://host:99999/path", "relative", "",
    ])
    func `A remote that would be an option, or cannot be one, is refused before anything starts`(
        remote: String
    ) throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        let mark = stage.directory.path("started")
        let ssh = try stage.program("ssh", "touch '\(mark)'")
        try expectFailure("Error:", unchanged: [stage.cache]) {
            try stage.artifact([
                "push", "--repo", stage.mine, "--ssh", ssh,
                "--remote=\(remote.replacingOccurrences(of: "MARK", with: mark))", "a/b/c",
            ])
        }
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    @Test func `A receiver that refuses is heard`() throws {
        let stage = try Stage()
        let commit = try stage.commit("a/b/c")
        // A stale answer to info, then the real receiver's refusal of the update that was made of it.
        try stage.commit("a/b/c", text: "theirs", in: stage.cache)
        let info = try ReceiverRun.run(stage.mine, Frame.info([("x", commit)]) + Frame.done()).output
        let recorded = try stage.directory.file("info", info)
        let script = try stage.directory.file(
            "refusing.py",
            """
            import subprocess, sys
            sys.stdout.buffer.write(open(\(pythonText(recorded)), "rb").read())
            sys.stdout.buffer.flush()
            head = sys.stdin.buffer.read(5)
            sys.stdin.buffer.read(head[3] + 256 * head[4])
            head = sys.stdin.buffer.read(5)
            sys.stdin.buffer.read(head[3] + 256 * head[4])
            sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))
            sys.stdout.buffer.flush()
            sys.stdin.buffer.read()
            """)
        let refusal = WireValue.body([("result", .boolean(false)), ("message", .string("the cache is full"))])
        let frame = [UInt8(ascii: "l"), 1, 3, UInt8(refusal.count), 0] + refusal
        let hex = frame.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        try expectFailure("refuses the push: the cache is full", status: 1, unchanged: [stage.cache]) {
            try stage.push(
                ["a/b/c"],
                ["--receiver", shellWords(["/usr/bin/python3", script, hex])])
        }
    }

    private func pythonText(_ text: String) -> String { "\"\(text)\"" }
}
