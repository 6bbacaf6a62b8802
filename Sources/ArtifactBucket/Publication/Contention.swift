// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// The waiting of a writer to whom others were quicker.
///
/// Of many that write the same key under a condition, one succeeds, and if all others try again at once, they take the store's time
/// from each other. So each waits for a random time, which is twice as long at most after each loss, as in Ethernet. After the
/// first three it does not wait: with few rivals, it is next soon.
struct Contention {
    /// The number of times that others were quicker.
    private(set) var losses = 0

    private static let longest: Duration = .seconds(5)
    /// The number of losses up to which it does not wait.
    static let patientLosses = 3

    /// Waits after a loss.
    ///
    /// - Parameter attempt: the time that the attempt has taken.
    /// - Returns: true if it has waited, so that what was read before is likely to be old.
    mutating func wait(after attempt: Duration, _ cancellation: Cancellation?) throws -> Bool {
        losses += 1
        guard losses > Contention.patientLosses else { return false }
        let most = min(attempt * (1 << min(losses - Contention.patientLosses, 6)), Contention.longest)
        // A cancellation ends the wait, and the next request to the store fails by it.
        _ = try (cancellation ?? Cancellation()).isRequested(within: most * Double.random(in: 0..<1))
        return true
    }
}
