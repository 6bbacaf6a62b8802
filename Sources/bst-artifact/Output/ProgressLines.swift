// SPDX-License-Identifier: Apache-2.0

import ArtifactClient
import ArtifactProtocol
import Glibc
import Synchronization
import SystemCalls
import TextCoding

/// Two lines on a terminal that show progress. It is safe to use from several threads.
final class ProgressLines: Sendable {
    /// Indicates that the lines are shown at all.
    let isShown: Bool
    private let title: String
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    private struct State {
        var lastShown: ContinuousClock.Instant?
        /// The lengths of the lines shown; empty if none are.
        var lengths: [Int] = []
    }

    init(_ title: String, isShown: Bool) {
        self.title = title
        self.isShown = isShown
    }

    /// Shows the progress of a transfer: objects, bytes, rate, time left.
    func show(_ progress: TransferProgress) {
        show(ProgressLines.text(progress, elapsed: start.duration(to: .now)))
    }

    /// Shows `text` below the title, at most ten times a second.
    func show(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.lastShown, last.duration(to: now) < .milliseconds(100) { return }
            state.lastShown = now
            let width = ProgressLines.width
            let lines = [title, text()].map { String($0.forDisplay(limit: .max).prefix(width - 1)) }
            // Rows are counted each time, since lines wrap when the window becomes narrower.
            ProgressLines.write(
                ProgressLines.erasure(of: state.lengths, width: width) + lines.joined(separator: "\n"))
            state.lengths = lines.map(\.count)
        }
    }

    func clear() {
        state.withLock { state in
            guard !state.lengths.isEmpty else { return }
            ProgressLines.write(ProgressLines.erasure(of: state.lengths, width: ProgressLines.width))
            state.lengths = []
        }
    }

    /// Returns the control sequence that clears the lines.
    private static func erasure(of lengths: [Int], width: Int) -> String {
        let rows = lengths.reduce(0) { $0 + max(1, ($1 + width - 1) / width) }
        return (rows > 1 ? "\u{1b}[\(rows - 1)A" : "") + "\r\u{1b}[J"
    }

    private static var width: Int {
        var size = winsize()
        return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) : 80
    }

    /// Returns a transfer's line: `[####------] 1234 objects, 45.6 MiB, 12.3 MiB/s, 5 s left`.
    static func text(_ progress: TransferProgress, elapsed: Duration) -> String {
        var parts = [Format.count(progress.objects, "object"), Format.bytes(progress.bytes)]
        // A rate of the first moments would be misleading.
        guard elapsed >= .milliseconds(500) else { return parts.joined(separator: ", ") }
        let rate = Double(progress.bytes) / (elapsed / .seconds(1))
        parts.append("\(Format.bytes(UInt64(rate)))/s")
        guard let fraction = progress.fraction else { return parts.joined(separator: ", ") }
        if fraction >= 0.02 {
            parts.append("\(Format.duration(elapsed * ((1 - fraction) / fraction))) left")
        }
        let filled = Int(fraction * 20)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 20 - filled)
        return "[\(bar)] " + parts.joined(separator: ", ")
    }

    private static func write(_ text: String) {
        try? Descriptor.standardError.writeAll(Array(text.utf8))
    }
}
