// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The result of an attack.
public struct AttackResult: Sendable {
    /// The attack.
    public let attack: Attack
    /// The exit status or signal of the attacked program.
    public internal(set) var ending = ""
    /// Its standard error.
    public internal(set) var message = ""
    /// The duration in seconds.
    public internal(set) var seconds = 0.0
    /// The most memory that it had resident, in KiB.
    public internal(set) var peakMemory = 0
    /// The broken requirements, a sentence each.
    public internal(set) var problems: [String] = []

    /// True if no requirement is broken.
    public var isRepelled: Bool { problems.isEmpty }

    init(_ attack: Attack) {
        self.attack = attack
    }

    mutating func require(_ isTrue: Bool, _ problem: @autoclosure () -> String) {
        if !isTrue { problems.append(problem()) }
    }
}

extension AttackResult {
    /// The most memory that a program may have resident, in KiB.
    static let memoryLimit = 64 * 1024

    /// Runs a program with a hostile input, and notes its end, its duration and its memory.
    ///
    /// - Returns: nil if it did not end in time.
    mutating func measure(
        _ arguments: [String], in directory: TemporaryDirectory,
        _ input: AttackInput = AttackInput(bytes: []), isRead: Bool = true,
        memoryLimit: Int = AttackResult.memoryLimit,
        environment: [String: String?] = [:]
    ) throws -> ProcessResult? {
        let meter = directory.path("peak")
        let process = try RunningProcess(
            [Programs.peakMemory(), meter] + arguments, environment: environment)
        let start = ContinuousClock.now
        let ended: ProcessResult
        do {
            ended = try process.exchange(
                input.bytes, timeout: attack.seconds, isRead: isRead, more: input.more)
        } catch {
            problems.append("it does not end within \(attack.seconds) seconds: \(error)")
            return nil
        }
        seconds = Double((.now - start) / .milliseconds(1)) / 1000
        ending = "\(ended.status)"
        message = ended.errorText
        let peak = Int(try String(contentsOfFile: meter, encoding: .utf8).dropLast()) ?? .max
        peakMemory = peak
        require(peak < memoryLimit || isSanitized, "it takes \(peak) KiB of memory")
        return ended
    }

    /// A sanitizer takes several times the memory.
    private var isSanitized: Bool {
        ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains { ProcessInfo.processInfo.environment[$0] != nil }
    }
}
