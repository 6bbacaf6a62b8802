// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import Glibc
import Synchronization
import SystemCalls

/// Signals that end the program, for commands that clean up or report before they end.
enum Interruption {
    private static let arrived = Atomic<Int32>(0)

    /// The signal that has arrived; nil if none has.
    static var signal: Int32? {
        let number = arrived.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Returns a cancellation that is requested when a signal arrives. Call it at most once.
    static func cancellation() throws -> Cancellation {
        let cancellation = try Cancellation()
        try Signals.watch([SIGINT, SIGTERM, SIGHUP]) { number in
            arrived.store(number, ordering: .relaxed)
            cancellation.request()
        }
        return cancellation
    }
}
