// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TestSupport

/// Lets everybody work on one cache at once.
struct RacesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "races",
        abstract: "Pushes much at once while ostree prunes and pulls, and receivers are killed.")

    @Option(help: "For how long.")
    var seconds = 120.0

    @Option(help: "How many push at once.")
    var pushers = 32

    @Flag(inversion: .prefixedNo, help: "Let every eighth of them push over ssh.")
    var ssh = true

    func run() throws {
        let state = try RaceCampaign(seconds: seconds, pushers: pushers, usesSSH: ssh).run()
        try RacesCommand.print(
            state, "races", "\(pushers) pushers, \(Int(seconds)) s",
            columns: [
                "pushes", "acknowledged", "receiver killed", "told that another won",
                "asked again after prune", "prunes", "pulls",
            ])
    }

    /// Prints a table of counts.
    ///
    /// - Throws: `ExitCode` where a promise was broken.
    static func print(_ state: RaceRecord.State, _ title: String, _ name: String, columns: [String]) throws {
        var table = Table([title] + columns + ["promises broken"])
        table.add([name] + columns.map { "\(state.counts[$0] ?? 0)" } + ["\(state.failures.count)"])
        table.print()
        let rest = state.counts.filter { !columns.contains($0.key) }.sorted { $0.key < $1.key }
        Swift.print("  " + rest.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
        for failure in state.failures.prefix(40) { Swift.print("  \(failure)") }
        if !state.failures.isEmpty { throw ExitCode(1) }
    }

    static func part(seconds: Double, pushers: Int, usesSSH: Bool) throws -> [Part] {
        let state = try RaceCampaign(seconds: seconds, pushers: pushers, usesSSH: usesSSH).run()
        return [Part(name: "races: pushes", count: state.counts["pushes"] ?? 0, failures: state.failures)]
    }
}
