// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TestSupport

/// Lets the disk of a cache be full.
struct DiskFullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disk-full",
        abstract: "Pushes into caches on small disks, which have room for a part of the push only.")

    @Flag(help: "Try some sizes only.")
    var short = false

    @Flag(help: .hidden)
    var inside = false

    func run() throws {
        guard inside else { return try enter() }
        var table = Table(["disk full", "refused", "taken", "promises broken"])
        let tallies = try DiskFullCampaign(isShort: short).run()
        for (name, tally) in tallies {
            table.add([name, "\(tally.refused)", "\(tally.taken)", "\(tally.failures.count)"])
        }
        table.print()
        let failures = tallies.flatMap(\.1.failures)
        for failure in failures.prefix(40) { print("  \(failure)") }
        if !failures.isEmpty { throw ExitCode(1) }
    }

    /// In a mount namespace of its own, so that nothing stays mounted.
    private func enter() throws {
        let unshare = ["unshare", "--mount", "--propagation", "private"]
        let isPossible = try TestSupport.run(unshare + ["mount", "-t", "tmpfs", "none", "/mnt"]).succeeded
        guard isPossible else {
            return print("disk-full: skipped, since only root, with mount namespaces, can mount small disks")
        }
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let result = try TestSupport.run(
            unshare + [own, "disk-full", "--inside"] + (short ? ["--short"] : []), timeout: 1200)
        FileHandle.standardOutput.write(Data(result.output))
        FileHandle.standardError.write(Data(result.errorOutput))
        if !result.succeeded { throw ExitCode(1) }
    }

    /// The same as a part of everything: a row of its table for each line of what it prints.
    static func parts(isShort: Bool) throws -> [Part] {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let result = try TestSupport.run([own, "disk-full"] + (isShort ? ["--short"] : []), timeout: 1200)
        let numbers = result.text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(separator: " ").suffix(3).compactMap { Int($0) }
            return words.count == 3 ? words : nil
        }
        let count = numbers.map { $0[0] + $0[1] }.reduce(0, +)
        return [
            Part(
                name: "disk full: pushes", count: count,
                failures: result.succeeded ? [] : ["disk-full: \(result.text)\(result.errorText)"])
        ]
    }
}
