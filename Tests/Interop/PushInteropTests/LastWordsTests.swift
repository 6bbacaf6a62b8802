// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactRepository
import Foundation
import Synchronization
import TestSupport
import Testing

/// What a receiver, and whatever stands before it, says on standard error and before the protocol.
@Suite("What a receiver says") struct LastWordsTests {
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

    private func receiver(_ shop: Workshop, _ lines: String) throws -> String {
        let path = try shop.directory.file(
            "receiver", "#!/bin/sh\n\(lines.replacing("RECEIVER", with: try Programs.receiver()))\n")
        chmod(path, 0o755)
        return path
    }

    @Test("at its end is heard, however slowly it is listened to")
    func lastWords() throws {
        let shop = try Workshop()
        let program = try receiver(shop, "RECEIVER \"$@\"; echo these are my last words >&2")
        let heard = try listen(to: program, at: shop.cache, pause: 300_000)
        #expect(heard.text == "these are my last words\n")
    }

    @Test("is heard without waiting for a child that keeps its standard error open")
    func children() throws {
        let shop = try Workshop()
        let program = try receiver(
            shop,
            "RECEIVER \"$@\"; echo last words >&2; sleep 60 </dev/null >/dev/null & echo $! > \"$0.child\"")
        let start = ContinuousClock.now
        let heard = try listen(to: program, at: shop.cache)
        #expect(heard.text == "last words\n")
        #expect(ContinuousClock.now - start < .seconds(20))
        let child = try String(contentsOfFile: program + ".child", encoding: .utf8)
        kill(pid_t(child.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1, SIGKILL)
    }

    @Test("reaches the terminal without what would order it about")
    func harmless() throws {
        let shop = try Workshop()
        let words = #"printf 'a\033[31mb\r\nc\td\302\233e\303\251\377\342\200\256f\n' >&2"#
        let heard = try listen(to: try receiver(shop, "\(words); exec RECEIVER \"$@\""), at: shop.cache)
        #expect(heard.text == "a^[[31mb\nc\td<U+009B>eé<FF><U+202E>f\n")
    }

    @Test(
        "before the protocol is quoted, and where it may come from is said",
        arguments: [
            ("Welcome to build7!", "'Welcome to build7!'"), ("login at \\033[1mnoon", "login at ^[[1mnoon"),
            ("loading modules\\nplease wait", "loading modules please wait"), ("Bonjour", "Bonjour"),
            ("\\n", "an empty line"), ("This account is currently not available.", "not available."),
        ], [0, 1])
    func shellText(_ text: (printed: String, shown: String), version: Int) throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        let program = try receiver(shop, "printf '\(text.printed)\\n'; exec RECEIVER \"$@\"")
        try expectFailure(text.shown, "start-up file", "interactive", status: 1, unchanged: [shop.cache]) {
            try Client.push(
                ["a/b/c"], from: shop.source, to: shop.cache,
                [
                    "--protocol", "\(version)", "--receiver",
                    version == 0 ? "\(program) --protocol 0" : program,
                ])
        }
    }

    @Test(
        "is nothing where nothing was wrong and nothing changed, unless the client wants to hear it",
        arguments: ["", "--verbose"])
    func silence(_ flag: String) throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        // As sshd does for a ForceCommand with --verbose.
        let program = try receiver(
            shop, "SSH_ORIGINAL_COMMAND=\"bst-artifact-receive $*\" exec RECEIVER --verbose \(shop.cache)")
        let options = ["--receiver", program] + (flag.isEmpty ? [] : [flag])
        let first = try Client.push(["a/b/c"], from: shop.source, to: shop.cache, options)
        expectSuccess(first)
        #expect(first.errorText.contains("push complete"))
        let second = try Client.push(["a/b/c"], from: shop.source, to: shop.cache, options)
        expectSuccess(second)
        #expect(second.errorText.isEmpty == flag.isEmpty, "\(second.errorText)")
    }

    @Test("of a cache that is read-only is told by check, and by a push that is only tried")
    func readOnly() throws {
        let shop = try Workshop()
        try shop.commit("a/b/c")
        let options = ["--receiver", "\(try Programs.receiver()) --read-only"]
        for arguments in [
            ["check", "--remote", shop.cache] + options,
            Client.pushing(["a/b/c"], from: shop.source, to: shop.cache, options + ["--dry-run"]),
        ] {
            let result = try Client.run(arguments)
            #expect(result.status == .exited(5))
            #expect(result.errorText.contains("takes no pushes at the moment"), "\(result.errorText)")
        }
        expectSuccess(try Client.run(["check", "--remote", shop.cache]))
    }
}
