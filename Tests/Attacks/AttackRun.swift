// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import WireSamples

extension Attack {
    /// The most memory that a receiver may have resident, in KiB.
    public static let memoryLimit = 64 * 1024

    /// Plays the attack against the built programs, on a cache of its own.
    ///
    /// - Parameter isThorough: Has the cache verified by `ostree fsck` and pushes to it, even where not a byte of it changed.
    /// - Throws: where it could not be played at all; its effect on the program is in the result.
    public func run(isThorough: Bool = true) throws -> AttackResult {
        var result = AttackResult(self)
        switch play {
        case .client(let attack): try attack.run(&result)
        case .receiver(let options, let isRead, let input):
            let cache = try AttackedCache()
            try attack(cache, options, isRead: isRead, input(), &result)
            let isUnchanged =
                switch outcome {
                case .refusal, .nothing: true
                case .interruption, .success: false
                }
            guard result.isRepelled, isThorough || !isUnchanged else { return result }
            // The cache is sound, and still takes a push.
            try cache.pushNormally(&result)
        }
        return result
    }

    private func attack(
        _ cache: AttackedCache, _ options: [String], isRead: Bool, _ input: AttackInput,
        _ result: inout AttackResult
    ) throws {
        let before = try Reader.snapshot(cache.path)
        let meter = cache.directory.path("peak")
        let process = try RunningProcess(
            [Programs.peakMemory(), meter, Programs.receiver()] + options + [cache.path])
        let start = ContinuousClock.now
        let ended: ProcessResult
        do {
            ended = try process.exchange(input.bytes, timeout: seconds, isRead: isRead, more: input.more)
        } catch {
            result.problems.append("it does not end within \(seconds) seconds: \(error)")
            return
        }
        result.seconds = Double((.now - start) / .milliseconds(1)) / 1000
        result.ending = "\(ended.status)"
        result.message = ended.errorText
        let peak = Int(try String(contentsOfFile: meter, encoding: .utf8).dropLast()) ?? .max
        result.peakMemory = peak
        result.require(peak < Attack.memoryLimit || isSanitized, "it takes \(peak) KiB of memory")
        checkEnding(ended, &result)
        checkOutput(ended, isRead, &result)
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
            let leftovers = try Reader.leftovers(cache.path)
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

    /// A sanitizer takes several times the memory.
    private var isSanitized: Bool {
        ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains { ProcessInfo.processInfo.environment[$0] != nil }
    }

    private func checkEnding(_ ended: ProcessResult, _ result: inout AttackResult) {
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

    private func checkOutput(_ ended: ProcessResult, _ isRead: Bool, _ result: inout AttackResult) {
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
