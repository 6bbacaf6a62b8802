// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import Glibc
import Synchronization
import SystemCalls

/// Ctrl-C, and the other ways to ask a program to end, for commands that then have something to clear up or to say.
enum Interruption {
    private static let arrived = Atomic<Int32>(0)

    /// The signal that asked the program to end, if one did.
    static var signal: Int32? {
        let number = arrived.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// What is requested when such a signal arrives. To be called at most once.
    static func cancellation() throws -> Cancellation {
        let cancellation = try Cancellation()
        try Signals.watch([SIGINT, SIGTERM, SIGHUP]) { number in
            arrived.store(number, ordering: .relaxed)
            cancellation.request()
        }
        return cancellation
    }
}
