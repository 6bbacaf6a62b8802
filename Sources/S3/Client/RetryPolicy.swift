// SPDX-License-Identifier: Apache-2.0

/// The delays between attempts at a request that failed for a reason which may pass.
package struct RetryPolicy: Sendable {
    /// The delay before the second attempt, doubled before each further one. Each is shortened by chance, by up to a
    /// half, so that those who failed together do not come back together.
    package var firstDelay: Duration = .milliseconds(100)
    /// The longest delay that is chosen here; a store may ask for a longer one.
    package var longestDelay: Duration = .seconds(5)
    /// The most attempts.
    package var attempts = 10
    /// The time after the first attempt in which others begin. A store that asks for a pause beyond it is not waited
    /// for.
    package var time: Duration = .seconds(120)

    /// The usual policy.
    package init() {}

    /// Returns the delay before the next attempt; nil where there is to be none.
    ///
    /// - Parameters:
    ///   - attempt: the number of the attempt that failed, from 1.
    ///   - elapsed: the time since the first one began.
    ///   - wanted: the pause that the store asks for (`Retry-After`).
    func delay(after attempt: Int, elapsed: Duration, wanted: Duration) -> Duration? {
        guard attempt < attempts else { return nil }
        let longest = min(longestDelay, firstDelay * (1 << min(attempt - 1, 20)))
        let delay = max(wanted, longest * Double.random(in: 0.5...1))
        return elapsed + delay <= time ? delay : nil
    }
}
