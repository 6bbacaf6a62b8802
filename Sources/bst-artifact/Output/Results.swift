// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemCalls

/// Writes to standard output, and remembers the first failure.
enum Results {
    /// The first error, after which nothing more is written.
    private static let loss = Mutex<SystemError?>(nil)

    static func write(_ text: String) {
        loss.withLock { loss in
            guard loss == nil else { return }
            do throws(SystemError) { try StandardStreams.write("\(text)\n") } catch { loss = error }
        }
    }

    /// Ends the program if output was lost: by SIGPIPE, as git does, if the reader is gone, and otherwise with a message.
    ///
    /// - Parameter status: the exit status.
    static func finish(otherwise status: Int32 = ExitStatus.failed.rawValue) {
        guard let error = loss.withLock({ $0 }) else { return }
        if error.code == EPIPE { StandardStreams.endUnread() }
        Terminal.fail(
            "\(error), so what this command says is not complete: make room there, or write it elsewhere")
        CurrentProcess.end(status)
    }
}
