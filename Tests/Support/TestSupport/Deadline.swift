// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The seconds after which something counts as hanging. They are many, since a busy machine may take long for anything.
public let patience: Double = 600

/// The moment at which waiting ends.
struct Deadline {
    private let end: ContinuousClock.Instant

    /// A moment so many seconds from now.
    init(seconds: Double) {
        end = .now + .seconds(seconds)
    }

    var hasPassed: Bool {
        ContinuousClock.now >= end
    }

    /// The time left, for `poll`: never negative, rounded up.
    var milliseconds: Int32 {
        let left = (end - .now).components
        let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
        return Int32(clamping: max(0, milliseconds + 1))
    }
}

/// Checks a condition every few milliseconds, at most 10, until it is true.
///
/// - Returns: false if it was not before `seconds` were over.
public func eventually(within seconds: Double = patience, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Deadline(seconds: seconds)
    var pause: useconds_t = 500
    while true {
        if try condition() { return true }
        if deadline.hasPassed { return false }
        usleep(pause)
        pause = min(pause * 2, 10_000)
    }
}

/// Checks a condition until it is true, in a task: other tasks go on meanwhile, which may need its thread.
///
/// Where other tests have all threads, this task and those that it waits for come to run as seldom as each other. So time alone
/// does not end it: they must have had their turns.
public func comesTrue(within seconds: Double = patience, _ condition: () throws -> Bool) async throws -> Bool
{
    let deadline = Deadline(seconds: seconds)
    var turns = 0
    while true {
        if try condition() { return true }
        turns += 1
        if deadline.hasPassed, turns > 1000 { return false }
        try await Task.sleep(for: .milliseconds(2))
    }
}
