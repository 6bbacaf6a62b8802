// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// An address or a configuration that is to make the client, or a shell on the way to the receiver, do something.
struct ClientAttack: Sendable {
    /// `push` or `check`.
    let command: String
    let remote: String?
    /// The content of `buildstream.conf`.
    let configuration: String?
    /// The repository's path that must reach the receiver, as one argument; nil where nothing may be started.
    let path: String?

    /// Stands for ssh: notes its arguments, then has the last one run by a shell, as sshd does.
    private static let ssh = """
        #!/bin/sh
        printf '%s\\0' "$@" > "$RECORD.ssh"
        for last; do :; done
        PATH="$FAKES:$PATH" exec sh -c "$last"
        """

    /// Stands for the receiver: notes its arguments.
    private static let receiver = """
        #!/bin/sh
        printf '%s\\0' "$@" > "$RECORD.receiver"
        """

    func run(_ result: inout AttackResult) throws {
        let directory = try TemporaryDirectory(inMemory: true)
        for (name, text) in [("ssh", ClientAttack.ssh), ("bst-artifact-receive", ClientAttack.receiver)] {
            chmod(try directory.file("fakes/\(name)", text), 0o755)
        }
        let working = try directory.makeDirectory("working")
        let source = directory.path("source")
        let cache = try AttackedCache()
        try FileManager.default.copyItem(atPath: cache.path, toPath: source)
        let before = try Reader.snapshot(source)
        if let configuration { try directory.file("settings/buildstream.conf", configuration) }
        let ssh = directory.path("fakes", "ssh")
        var arguments = [try Programs.artifact(), command, "--ssh", ssh]
        if let remote { arguments += ["--remote=\(remote)"] }
        if command == "push" { arguments += ["--repo", source, AttackedCache.presentRef] }
        let start = ContinuousClock.now
        let ended = try TestSupport.run(
            arguments,
            environment: [
                "RECORD": directory.path("record"), "FAKES": directory.path("fakes"), "BST_ARTIFACT_SSH": nil,
                "XDG_CONFIG_HOME": directory.path("settings"), "XDG_CACHE_HOME": "/nonexistent",
            ], directory: working, timeout: result.attack.seconds)
        result.seconds = Double((.now - start) / .milliseconds(1)) / 1000
        result.ending = "\(ended.status)"
        result.message = ended.errorText

        // The fake receiver never answers, so nothing succeeds.
        result.require(
            ended.failed || ended.status == .exited(64),
            "it ends with \(ended.status): \(ended.errorText)")
        let told = ended.errorText
        result.require(
            told.unicodeScalars.allSatisfy { $0.value == 10 || $0.value >= 32 && $0.value != 127 }
                && told.utf8.count < 2000,
            "its message is not fit for a terminal: \(told.debugDescription)")
        result.require(
            try FileManager.default.contentsOfDirectory(atPath: working).isEmpty, "something was executed")
        result.require(
            try Reader.snapshot(source) == before, "the repository is changed")
        let toSSH = try recorded(directory.path("record.ssh"))
        let toReceiver = try recorded(directory.path("record.receiver"))
        guard let path else {
            if case .refusal(let words) = result.attack.outcome {
                for word in words {
                    result.require(told.contains(word), "‘\(word)’ is not in the message: \(told)")
                }
            }
            result.require(toSSH == nil, "ssh is started with \(toSSH ?? [])")
            return
        }
        // HOST COMMAND, and nothing that could be an option.
        result.require(toSSH?.count == 2 && toSSH?.first == "host", "ssh is started with \(toSSH ?? [])")
        result.require(toReceiver == [path], "the receiver is started with \(toReceiver ?? []), not \(path)")
    }

    private func recorded(_ path: String) throws -> [String]? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
