// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// Relays the standard error of a program, with unprintable characters escaped, and keeps the end of it.
final class MessageRelay: Sendable {
    private struct State {
        var tail: [UInt8] = []
        /// True while bytes are out of the pipe and not relayed yet.
        var isBusy = false
        var isOver = false
    }

    private let source: Descriptor
    private let shared = Monitor(State())

    private static let tailLimit = 8192
    /// The time limit for relaying the last bytes of a program that exited.
    private static let timeout: Duration = .seconds(1)
    /// The time limit for a child that it left behind to close its standard error.
    private static let childTimeout: Duration = .milliseconds(100)

    init(_ source: Descriptor, show: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) throws {
        self.source = source
        _ = try Thread { [shared] in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
            defer { buffer.deallocate() }
            var text = DisplayedLines()
            while (try? source.waitForInput()) == true {
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

    /// Waits, after the program has exited, until all of its messages are relayed.
    ///
    /// - Returns: the end of them.
    @discardableResult
    func finish() -> String {
        // All that it wrote is in the pipe; only a child of it can still add to that.
        _ = shared.wait(atMost: MessageRelay.timeout) { state in
            state.isOver || !state.isBusy && (try? source.waitForInput(timeout: .zero)) == false
        }
        _ = shared.wait(atMost: MessageRelay.childTimeout) { $0.isOver }
        return shared.withLock { String(decoding: $0.tail, as: UTF8.self) }
    }
}
