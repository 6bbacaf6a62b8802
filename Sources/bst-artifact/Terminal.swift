// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import SystemCalls

/// What people see: results on standard output, everything else on standard error.
struct Terminal {
    let isQuiet: Bool

    /// Results, which `--quiet` silences.
    func say(_ text: String) {
        if !isQuiet { print(text) }
    }

    /// What a command was asked for, which `--quiet` does not silence.
    func print(_ text: String) {
        try? Descriptor.standardOutput.writeAll(Array("\(text)\n".utf8))
    }

    /// Something that is worth knowing and is no failure.
    func warn(_ text: String) {
        try? Descriptor.standardError.writeAll(Array("warning: \(text)\n".utf8))
    }

    /// What went wrong while something else goes on.
    func fail(_ text: String) {
        try? Descriptor.standardError.writeAll(Array("Error: \(text)\n".utf8))
    }

    /// A line that is written over and over while something long goes on; nothing unless standard error is a terminal.
    func progress() -> ProgressLine {
        ProgressLine(isShown: !isQuiet && Descriptor.standardError.isTerminal)
    }
}

/// One line of a terminal that shows how far something has come. Several threads may use it.
final class ProgressLine: Sendable {
    private let isShown: Bool
    private let state = Mutex((lastShown: UInt64(0), isDirty: false))

    init(isShown: Bool) {
        self.isShown = isShown
    }

    /// Shows `text`, cut to the terminal's width, at most ten times a second.
    func show(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        state.withLock { state in
            let now = Clock.milliseconds
            guard now - state.lastShown >= 100 else { return }
            state = (now, true)
            var size = winsize()
            let width = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
            ProgressLine.write("\r\u{1b}[K\(text().prefix(width - 1))")
        }
    }

    /// Removes the line.
    func clear() {
        state.withLock { state in
            if state.isDirty { ProgressLine.write("\r\u{1b}[K") }
            state.isDirty = false
        }
    }

    private static func write(_ text: String) {
        try? Descriptor.standardError.writeAll(Array(text.utf8))
    }
}
