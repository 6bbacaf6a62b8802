// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The length of a race: a time, or a number of pushes that were acknowledged.
enum RaceLength: Sendable {
    case seconds(Double)
    case publications(Int)

    /// Begins to measure.
    ///
    /// - Returns: a function that returns true from the end of the race on.
    func begin(_ record: RaceRecord) -> @Sendable () -> Bool {
        switch self {
        case .seconds(let seconds):
            let end = Date() + seconds
            return { Date() >= end }
        case .publications(let count): return { record.number(of: "acknowledged") >= count }
        }
    }
}
