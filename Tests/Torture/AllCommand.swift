// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Attacks
import Foundation
import Synchronization
import TestSupport

/// The result of a part of the torture.
struct Part {
    /// The part's name.
    let name: String
    /// The number of trials.
    let count: Int
    /// The failures, a sentence each.
    let failures: [String]
}

/// Everything, one part after the other, and a table of what came of it.
struct AllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "Does all of it, and prints one table.")

    @Flag(help: "Take a few minutes only.")
    var short = false

    func run() throws {
        let start = Date()
        var parts: [Part] = []
        func add(_ more: @autoclosure () throws -> [Part]) rethrows {
            let added = try more()
            for part in added { print("\(part.name): \(part.count), failures: \(part.failures.count)") }
            parts += added
        }
        add(AttackCampaign.run())
        try add(FaultCampaign.supervise(stride: short ? 20 : 1, workers: 2))
        try add(RacesCommand.part(seconds: short ? 20 : 120, pushers: 32, usesSSH: true))
        try add(BucketRacesCommand.part(seconds: short ? 20 : 120, pushers: 32))
        add(DiskFullCommand.parts(isShort: short))
        try add(FuzzCampaign.run(seconds: short ? 0 : 60))
        print("")
        var table = Table(["", "done", "failures"])
        for part in parts { table.add([part.name, "\(part.count)", "\(part.failures.count)"]) }
        let failures = parts.flatMap(\.failures)
        table.add(["sum", "\(parts.map(\.count).reduce(0, +))", "\(failures.count)"])
        table.print()
        print("in \(Int(Date().timeIntervalSince(start))) s")
        for failure in failures.prefix(100) { print("  \(failure)") }
        if !failures.isEmpty { throw ExitCode(1) }
    }
}

/// The attacks of the table, each followed by a push and `ostree fsck`.
enum AttackCampaign {
    static func run() -> [Part] {
        [
            Part(name: "attacks", Attack.all) { try $0.run() },
            Part(name: "attacks on a bucket", Attack.onBuckets) { try $0.runOnBucket() },
        ]
    }
}

extension Part {
    /// Plays attacks, three at a time.
    fileprivate init(
        name: String, _ attacks: [Attack], _ play: @escaping @Sendable (Attack) throws -> AttackResult
    ) {
        let next = Mutex(0)
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 3) { _ in
            while let attack = next.withLock({ number -> Attack? in
                guard number < attacks.count else { return nil }
                number += 1
                return attacks[number - 1]
            }) {
                do {
                    let problems = try play(attack).problems
                    failures.withLock { $0 += problems.map { "\(attack): \($0)" } }
                } catch {
                    failures.withLock { $0.append("\(attack): \(error)") }
                }
            }
        }
        self.init(name: name, count: attacks.count, failures: failures.withLock { $0 })
    }
}

/// The fuzzers, each for some seconds.
enum FuzzCampaign {
    private static let fuzzers = [
        "FuzzFrames", "FuzzTar", "FuzzObjects", "FuzzSummary", "FuzzDelta", "FuzzReceiver",
    ]

    static func run(seconds: Int) throws -> [Part] {
        try fuzzers.map { fuzzer in
            let result = try TestSupport.run(
                ["\(Programs.repositoryRoot)/Tests/Fuzz/run", "\(seconds)", fuzzer],
                directory: Programs.repositoryRoot, timeout: 3600)
            let words = result.text.split(whereSeparator: { $0 == " " || $0.isNewline })
            let place = words.firstIndex(of: "stat::number_of_executed_units:")
            let count = place.flatMap { Int(words[words.index(after: $0)]) } ?? 0
            let isFine = result.succeeded && count > 0
            return Part(
                name: "executions of \(fuzzer)", count: count,
                failures: isFine ? [] : ["\(fuzzer): \(result.text)\(result.errorText)"])
        }
    }
}
