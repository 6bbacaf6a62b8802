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
        subcommands: [
            AllCommand.self, FaultsCommand.self, RacesCommand.self, BucketRacesCommand.self,
            DiskFullCommand.self,
        ])
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
        if let shard {
            let campaign = FaultCampaign(stride: stride, shard: (shard, workers))
            return FileHandle.standardOutput.write(try JSONEncoder().encode(campaign.run()))
        }
        let parts = try FaultCampaign.supervise(stride: stride, workers: workers)
        var table = Table(["injected fault", "points", "promises broken"])
        for part in parts { table.add([part.name, "\(part.count)", "\(part.failures.count)"]) }
        table.print()
        let failures = parts.flatMap(\.failures)
        for failure in failures.sorted().prefix(40) { print("  \(failure)") }
        if !failures.isEmpty { throw ExitCode(1) }
    }
}

extension FaultCampaign {
    /// Has processes of this program share the work.
    static func supervise(stride: Int, workers: Int) throws -> [Part] {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let processes = try (0..<workers).map { number in
            try RunningProcess(
                [own, "faults", "--stride", "\(stride)", "--workers", "\(workers)", "--shard", "\(number)"])
        }
        var sum: [String: Tally] = [:]
        for process in processes {
            let result = try process.finish(timeout: 3600).checked()
            let part = try JSONDecoder().decode([String: Tally].self, from: Data(result.output))
            for (fault, tally) in part {
                sum[fault, default: Tally()].points += tally.points
                sum[fault, default: Tally()].failures += tally.failures
            }
        }
        return sum.sorted { $0.key < $1.key }.map {
            Part(name: $0.key, count: $0.value.points, failures: $0.value.failures)
        }
    }
}
