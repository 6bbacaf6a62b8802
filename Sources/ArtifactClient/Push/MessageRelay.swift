// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// Passes on what a program writes to standard error, made harmless for a terminal, and remembers the end of it.
final class MessageRelay: Sendable {
    private struct State {
        var tail: [UInt8] = []
        /// True while something was taken out of the pipe and not passed on yet.
        var isBusy = false
        var isOver = false
    }

    private let source: Descriptor
    private let shared = Monitor(State())

    /// So many bytes are remembered.
    private static let tailLimit = 8192
    /// The time for the last words of a program that ended to be passed on, in milliseconds.
    private static let patience: UInt64 = 1000
    /// The time for a child that it left behind to close its standard error, in milliseconds.
    private static let patienceForChildren: UInt64 = 100

    init(_ source: Descriptor, show: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) throws {
        self.source = source
        _ = try Thread { [shared] in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
            defer { buffer.deallocate() }
            var text = DisplayedLines()
            while (try? source.waitForInput(milliseconds: -1)) == true {
                shared.withLock { $0.isBusy = true }
                guard let count = try? source.read(into: buffer), count > 0 else { break }
                text.take(buffer[..<count]).withUnsafeBytes(show)
                shared.change { state in
                    state.tail.append(contentsOf: buffer[..<count])
                    state.tail.removeFirst(max(0, state.tail.count - MessageRelay.tailLimit))
                    state.isBusy = false
                }
            }
            text.end().withUnsafeBytes(show)
            shared.change { $0.isOver = true }
        }
    }

    /// Waits, once the program has ended, until all that it wrote was passed on.
    ///
    /// - Returns: the last of it.
    @discardableResult
    func finish() -> String {
        // What it wrote is in the pipe; only a child of it can still add to that.
        _ = shared.wait(atMost: MessageRelay.patience) { state in
            state.isOver || !state.isBusy && (try? source.waitForInput(milliseconds: 0)) == false
        }
        _ = shared.wait(atMost: MessageRelay.patienceForChildren) { $0.isOver }
        return shared.withLock { String(decoding: $0.tail, as: UTF8.self) }
    }
}
