// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Lets everybody work on one cache in a bucket at once.
struct BucketRacesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bucket-races",
        abstract: "Pushes much at once into a bucket of Ceph, with and without receivers, which are killed.")

    @Option(help: "For how long.")
    var seconds = 120.0

    @Option(help: "Until how many pushes were acknowledged, in place of a time.")
    var publications: Int?

    @Option(help: "How many push at once.")
    var pushers = 32

    @Option(help: "The seconds from one kill to the next, on average: most pushes of a long race should end.")
    var killInterval = 0.175

    func run() throws {
        let length = publications.map(RaceLength.publications) ?? .seconds(seconds)
        let state = try BucketRaceCampaign(length: length, pushers: pushers, killInterval: killInterval).run()
        try RacesCommand.print(
            state, "bucket races", "\(pushers) pushers, \(length)",
            columns: [
                "pushes", "acknowledged", "receiver killed", "client killed", "told that another won",
                "pulls",
                "entries of the log",
            ])
    }

    static func part(seconds: Double, pushers: Int) throws -> [Part] {
        let state = try BucketRaceCampaign(length: .seconds(seconds), pushers: pushers).run()
        return [
            Part(
                name: "races in a bucket: pushes", count: state.counts["pushes"] ?? 0,
                failures: state.failures)
        ]
    }
}
