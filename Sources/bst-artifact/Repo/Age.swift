// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// An age in hours, days, weeks or years of 365 days: `36h`, `90d`, `8w`, `1y`.
struct Age: ExpressibleByArgument {
    let seconds: Int

    private static let units: [Character: Int] = ["h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000]

    init?(argument: String) {
        guard let unit = argument.last.flatMap({ Age.units[$0] }), let number = Int(argument.dropLast()),
            number >= 0
        else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.seconds = seconds
    }

    var duration: Duration { .seconds(seconds) }
}
