// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemCalls

/// Writes to standard output, and remembers the first failure.
enum Results {
    /// The first error, after which nothing more is written.
    private static let loss = Mutex<SystemError?>(nil)

    /// The size of the pieces in which JSON is written, in bytes.
    private static let pieceSize = 64 * 1024

    static func write(_ text: String) {
        put("\(text)\n")
    }

    /// Writes a value on a line, without holding all of its text.
    static func write(_ json: JSON) {
        var piece = ""
        json.write { text in
            piece += text
            guard piece.utf8.count >= pieceSize else { return }
            put(piece)
            piece.removeAll(keepingCapacity: true)
        }
        put("\(piece)\n")
    }

    private static func put(_ text: String) {
        loss.withLock { loss in
            guard loss == nil else { return }
            do throws(SystemError) { try StandardStreams.write(text) } catch { loss = error }
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
