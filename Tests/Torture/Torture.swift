// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TestSupport

/// Does to a receiver whatever a client, a disk or a power cut can do, and prints what came of it.
@main
struct Torture: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture",
        abstract: "Attacks a receiver and injects faults, and prints a table of what came of it.",
        subcommands: [FaultsCommand.self, RacesCommand.self, DiskFullCommand.self])
}

/// Injects faults into publications.
struct FaultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faults", abstract: "Lets each system call of pushes fail, or be the last one.")

    @Option(help: "Make only every so many-th run.")
    var stride = 1

    @Option(help: "How many workers share the runs.")
    var workers = 2

    @Option(help: .hidden)
    var shard: Int?

    func run() throws {
        guard let shard else { return try supervise() }
        let campaign = FaultCampaign(stride: stride, shard: (shard, workers))
        FileHandle.standardOutput.write(try JSONEncoder().encode(campaign.run()))
    }

    private func supervise() throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let processes = try (0..<workers).map { number in
            try RunningProcess(
                [own, "faults", "--stride", "\(stride)", "--workers", "\(workers)", "--shard", "\(number)"])
        }
        var sum: [String: FaultCampaign.Tally] = [:]
        for process in processes {
            let result = try process.finish(timeout: 3600).checked()
            let part = try JSONDecoder().decode([String: FaultCampaign.Tally].self, from: Data(result.output))
            for (fault, tally) in part {
                sum[fault, default: .init()].points += tally.points
                sum[fault, default: .init()].failures += tally.failures
            }
        }
        var table = Table(["injected fault", "points", "promises broken"])
        for (fault, tally) in sum.sorted(by: { $0.key < $1.key }) {
            table.add([fault, "\(tally.points)", "\(tally.failures.count)"])
        }
        table.print()
        let failures = sum.values.flatMap(\.failures)
        for failure in failures.sorted().prefix(40) { print("  \(failure)") }
        if !failures.isEmpty { throw ExitCode(1) }
    }
}
