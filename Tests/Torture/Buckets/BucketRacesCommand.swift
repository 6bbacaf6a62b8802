// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// Lets everybody work on one cache in a bucket at once.
struct BucketRacesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bucket-races",
        abstract: "Pushes much at once into a bucket of Ceph, with and without receivers, which are killed.")

    @Option(help: "For how long.")
    var seconds = 120.0

    @Option(help: "Until how many pushes were acknowledged, in place of a time, a thousand to each cache.")
    var publications: Int?

    @Option(help: "How many push at once.")
    var pushers = 32

    @Option(help: "The seconds from one kill to the next, on average: most pushes of a long race should end.")
    var killInterval = RaceCrowd.killInterval

    /// The most publications into one cache. The more refs it has, the longer each takes.
    private static let cacheLimit = 1000

    func run() throws {
        guard let publications else {
            let state = try BucketRaceCampaign(
                length: .seconds(seconds), pushers: pushers, killInterval: killInterval
            ).run()
            return try print(state, "\(Int(seconds)) s")
        }
        var sum = RaceRecord.State()
        func acknowledged() -> Int { sum.counts["acknowledged"] ?? 0 }
        while acknowledged() < publications, sum.failures.isEmpty {
            let length = RaceLength.publications(
                min(BucketRacesCommand.cacheLimit, publications - acknowledged()))
            let state = try BucketRaceCampaign(length: length, pushers: pushers, killInterval: killInterval)
                .run()
            sum.counts.merge(state.counts) { $0 + $1 }
            sum.counts["caches", default: 0] += 1
            sum.failures += state.failures
            try FileHandle.standardError.write(
                contentsOf: Data("\(Date()): \(acknowledged()) acknowledged\n".utf8))
        }
        try print(sum, "\(publications) publications")
    }

    private func print(_ state: RaceRecord.State, _ length: String) throws {
        try RacesCommand.print(
            state, "bucket races", "\(pushers) pushers, \(length)",
            columns: [
                "pushes", "acknowledged", "receiver killed", "client killed", "told that another won",
                "pulls", "entries of the log",
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
