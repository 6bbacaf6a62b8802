// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import WireSamples

extension Attack {
    /// Plays the attack against the built programs, on a cache of its own.
    ///
    /// - Parameter isThorough: Has the cache verified by `ostree fsck` and pushes to it, even where not a byte of it changed.
    /// - Throws: where it could not be played at all; its effect on the program is in the result.
    public func run(isThorough: Bool = true) throws -> AttackResult {
        var result = AttackResult(self)
        switch play {
        case .client(let attack): try attack.run(&result)
        case .delta(let delta): try delta.pull(&result)
        case .receiver(let options, let isRead, let input):
            let cache = try AttackedCache()
            let exchange = Exchange(arguments: options + [cache.path], isRead: isRead, input: input())
            try attack(cache, exchange, isThorough, &result)
        case .served(let served):
            let cache = try AttackedCache()
            let server = try served.start(in: cache.directory)
            defer { server.stop() }
            let exchange = Exchange(
                arguments: served.options + [cache.path, server.url] + served.refs, hasFrames: false)
            try attack(cache, exchange, isThorough, &result)
        }
        return result
    }

    /// A receiver's arguments and input.
    private struct Exchange {
        var arguments: [String]
        /// True if its output is read.
        var isRead = true
        /// True if its output is of the artifact protocol.
        var hasFrames = true
        var input = AttackInput(bytes: [])
    }

    private func attack(
        _ cache: AttackedCache, _ exchange: Exchange, _ isThorough: Bool, _ result: inout AttackResult
    ) throws {
        try attack(cache, exchange, &result)
        let isUnchanged =
            switch outcome {
            case .refusal, .nothing: true
            case .interruption, .success: false
            }
        // The cache is sound, and still takes a push.
        if result.isRepelled, isThorough || !isUnchanged { try cache.pushNormally(&result) }
    }

    private func attack(
        _ cache: AttackedCache, _ exchange: Exchange, _ result: inout AttackResult
    ) throws {
        let before = try Reader.snapshot(cache.path)
        guard
            let ended = try result.measure(
                [Programs.receiver()] + exchange.arguments, in: cache.directory, exchange.input,
                isRead: exchange.isRead)
        else { return }
        checkEnding(ended, &result)
        if exchange.hasFrames { checkOutput(ended, exchange.isRead, &result) }
        let changes = try Reader.snapshot(cache.path).differences(from: before)
        if case .success(let refs) = outcome {
            // That a directory was found complete is noted at its object; where the refs are is looked at below.
            let mayChange = ["added ", "changed summary: "] + refs.keys.map { "changed refs/heads/\($0): " }
            let lost = changes.filter { change in
                !mayChange.contains(where: change.hasPrefix) && !change.contains(": directory ")
                    && !change.contains("user.bst-artifact.complete")
            }
            result.require(lost.isEmpty, "what was there is changed: \(lost)")
            for (ref, commit) in refs {
                result.require(cache.commit(of: ref) == commit, "\(ref) is not at \(commit)")
            }
        } else {
            result.require(changes.isEmpty, "the cache is changed: \(changes)")
        }
        if !isInterruption {
            // What was right of a pull may serve the next one.
            let leftovers = try exchange.hasFrames ? Reader.leftovers(cache.path) : Reader.garbage(cache.path)
            result.require(leftovers.isEmpty, "a quarantine is left behind: \(leftovers)")
        }
    }

    /// True if the push may be resumed, so that its verified objects stay in a quarantine.
    private var isInterruption: Bool {
        switch outcome {
        case .interruption: true
        case .refusal(let words): words.contains { $0.hasPrefix("says nothing") || $0 == "does not read" }
        case .nothing, .success: false
        }
    }

    func checkEnding(_ ended: ProcessResult, _ result: inout AttackResult) {
        var words: [String]
        switch outcome {
        case .refusal(let expected): words = expected
        case .interruption: words = ["went away"]
        case .nothing, .success:
            result.require(ended.succeeded, "it ends with \(ended.status): \(ended.errorText)")
            return
        }
        words.append("bst-artifact-receive: error: ")
        result.require(ended.status == .exited(1), "it ends with \(ended.status), not 1: \(ended.errorText)")
        checkMessage(ended, words, &result)
    }

    /// Requires that a program says one sentence with these words, and nothing else.
    func checkMessage(_ ended: ProcessResult, _ words: [String], _ result: inout AttackResult) {
        let text = ended.errorText
        for word in words { result.require(text.contains(word), "‘\(word)’ is not in the message: \(text)") }
        let errors = text.split(separator: "\n")
        let isSentence =
            errors.count == 1 && text.hasSuffix("\n") && text.utf8.count < 1200
            && text.dropLast().unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
            // What is the receiver's own arrives whole where it is decoded as unicode_escape.
            && !text.contains(where: "‘’“”…→–".contains)
        result.require(isSentence, "the message is not one sentence: \(text.debugDescription.prefix(2000))")
    }

    func checkOutput(_ ended: ProcessResult, _ isRead: Bool, _ result: inout AttackResult) {
        guard let frames = try? Frame.parse(ended.output) else {
            // A client that does not read may be left with half a frame.
            result.require(!isRead, "what it writes to standard output is not frames")
            return
        }
        switch outcome {
        case .refusal where isRead, .interruption:
            result.require(frames.last?.kind == .status, "the client is not told")
        default: break
        }
    }
}
