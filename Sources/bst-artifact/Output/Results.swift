// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemCalls

/// Standard output, of which nothing may be lost without a word.
enum Results {
    /// Why something could not be written; nothing is written after that.
    private static let loss = Mutex<SystemError?>(nil)

    /// Writes a line, or lines.
    static func write(_ text: String) {
        loss.withLock { loss in
            guard loss == nil else { return }
            do throws(SystemError) { try StandardStreams.write("\(text)\n") } catch { loss = error }
        }
    }

    /// Ends the program where something could not be written: silently, as git, where nobody reads any more, and otherwise
    /// with a message.
    ///
    /// - Parameter status: how the program ends where that is not the only failure.
    static func finish(otherwise status: Int32 = ExitStatus.failed.rawValue) {
        guard let error = loss.withLock({ $0 }) else { return }
        if error.code == EPIPE { StandardStreams.endUnread() }
        Terminal.fail(
            "\(error), so what this command says is not complete: make room there, or write it elsewhere")
        exit(status)
    }
}
