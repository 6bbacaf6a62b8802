// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactRepository
import Foundation
import Synchronization
import TestSupport
import Testing

/// Messages of a receiver, and of whatever stands before it, on standard error and before the protocol.
@Suite struct ReceiverMessagesTests {
    private final class Heard: Sendable {
        let bytes = Mutex<[UInt8]>([])
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    }

    /// Has the cache checked by a program of ours, with a listener that takes a while over each part of the messages.
    private func listen(to receiver: String, at cache: String, pause: useconds_t = 0) throws -> Heard {
        let heard = Heard()
        var options = Pusher.Options()
        options.receiver.receiver = receiver
        options.showMessage = { part in
            usleep(pause)
            heard.bytes.withLock { $0 += part }
        }
        _ = try Pusher.check(.init(parsing: cache), options: options)
        return heard
    }

    private func receiver(_ stage: Stage, _ lines: String) throws -> String {
        try stage.program("receiver", lines.replacing("RECEIVER", with: Programs.receiver()))
    }

    @Test func `What a receiver says at its end is heard, however slowly it is listened to`() throws {
        let stage = try Stage()
        let program = try receiver(stage, "RECEIVER \"$@\"; echo these are my last words >&2")
        let heard = try listen(to: program, at: stage.cache, pause: 300_000)
        #expect(heard.text == "these are my last words\n")
    }

    @Test
    func `What a receiver says is heard without waiting for a child that keeps its standard error open`()
        throws
    {
        let stage = try Stage()
        let program = try receiver(
            stage,
            "RECEIVER \"$@\"; echo last words >&2; sleep 1200 </dev/null >/dev/null & echo $! > \"$0.child\"")
        // The child would take longer than the test.
        let heard = try listen(to: program, at: stage.cache)
        #expect(heard.text == "last words\n")
        let child = try String(contentsOfFile: program + ".child", encoding: .utf8)
        kill(pid_t(child.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1, SIGKILL)
    }

    @Test func `What a receiver says reaches the terminal without what would order it about`() throws {
        let stage = try Stage()
        let words = #"printf 'a\033[31mb\r\nc\td\302\233e\303\251\377\342\200\256f\n' >&2"#
        let heard = try listen(to: try receiver(stage, "\(words); exec RECEIVER \"$@\""), at: stage.cache)
        #expect(heard.text == "a^[[31mb\nc\td<U+009B>eé<FF><U+202E>f\n")
    }

    @Test(
        arguments: [
            ("Welcome to build7!", "'Welcome to build7!'"), ("login at \\033[1mnoon", "login at ^[[1mnoon"),
            ("loading modules\\nplease wait", "loading modules please wait"), ("Bonjour", "Bonjour"),
            ("\\n", "an empty line"), ("This account is currently not available.", "not available."),
        ], [0, 1])
    func `What a receiver says before the protocol is quoted, and where it may come from is said`(
        _ text: (printed: String, shown: String), version: Int
    ) throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        let program = try receiver(stage, "printf '\(text.printed)\\n'; exec RECEIVER \"$@\"")
        try expectFailure(text.shown, "start-up file", "interactive", status: 1, unchanged: [stage.cache]) {
            try stage.push(
                ["a/b/c"],
                [
                    "--protocol", "\(version)", "--receiver",
                    version == 0 ? "\(program) --protocol 0" : program,
                ])
        }
    }

    @Test(arguments: ["", "--verbose"])
    func `What a receiver says is nothing where nothing happened, unless the client wants to hear it`(
        _ flag: String
    ) throws {
        let stage = try Stage()
        try stage.commit("a/b/c")
        // As sshd does for a ForceCommand with --verbose.
        let program = try receiver(
            stage, "SSH_ORIGINAL_COMMAND=\"bst-artifact-receive $*\" exec RECEIVER --verbose \(stage.cache)")
        let options = ["--receiver", program] + (flag.isEmpty ? [] : [flag])
        let first = try stage.push(["a/b/c"], options)
        expectSuccess(first)
        #expect(first.errorText.contains("push complete"))
        let second = try stage.push(["a/b/c"], options)
        expectSuccess(second)
        #expect(second.errorText.isEmpty == flag.isEmpty, "\(second.errorText)")
    }

    @Test
    func
        `What a receiver says of a cache that is read-only is told by check, and by a push that is only tried`()
        throws
    {
        let stage = try Stage()
        try stage.commit("a/b/c")
        let options = ["--receiver", "\(try Programs.receiver()) --read-only"]
        for arguments in [
            ["check", "--remote", stage.cache] + options,
            stage.pushing(["a/b/c"], options + ["--dry-run"]),
        ] {
            let result = try stage.artifact(arguments)
            #expect(result.status == .exited(5))
            #expect(result.errorText.contains("takes no pushes at the moment"), "\(result.errorText)")
        }
        expectSuccess(try stage.artifact(["check", "--remote", stage.cache]))
    }
}
