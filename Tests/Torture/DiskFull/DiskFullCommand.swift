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
        if inside {
            let tallies = try DiskFullCampaign(isShort: short).run()
            return FileHandle.standardOutput.write(try JSONEncoder().encode(tallies))
        }
        guard let tallies = try DiskFullCommand.tallies(isShort: short) else {
            return print("disk-full: skipped, since only root, with mount namespaces, can mount small disks")
        }
        var table = Table(["disk full", "refused", "taken", "promises broken"])
        for tally in tallies {
            table.add([tally.name, "\(tally.refused)", "\(tally.taken)", "\(tally.failures.count)"])
        }
        table.print()
        let failures = tallies.flatMap(\.failures)
        for failure in failures.prefix(40) { print("  \(failure)") }
        if !failures.isEmpty { throw ExitCode(1) }
    }

    /// Has a process of this program do it, in a mount namespace of its own, so that nothing stays mounted.
    ///
    /// - Returns: nil where that cannot be had.
    private static func tallies(isShort: Bool) throws -> [DiskFullCampaign.Tally]? {
        let unshare = ["unshare", "--mount", "--propagation", "private"]
        let isPossible = try TestSupport.run(unshare + ["mount", "-t", "tmpfs", "none", "/mnt"]).succeeded
        guard isPossible else { return nil }
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let result = try TestSupport.run(
            unshare + [own, "disk-full", "--inside"] + (isShort ? ["--short"] : []), timeout: 1200
        ).checked()
        return try JSONDecoder().decode([DiskFullCampaign.Tally].self, from: Data(result.output))
    }

    /// The same as a part of everything. What keeps it from its end is a failure, and the other parts go on.
    static func parts(isShort: Bool) -> [Part] {
        let name = "disk full: pushes"
        do {
            let tallies = try tallies(isShort: isShort) ?? []
            return [
                Part(
                    name: name, count: tallies.map { $0.refused + $0.taken }.reduce(0, +),
                    failures: tallies.flatMap(\.failures))
            ]
        } catch {
            return [Part(name: name, count: 0, failures: ["disk-full: \(error)"])]
        }
    }
}
