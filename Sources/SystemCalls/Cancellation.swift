// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A request to cancel work, shared between threads.
///
/// Work that waits for input or output wakes up at once; other work checks from time to time.
public final class Cancellation: Sendable {
    private let reading: Descriptor
    private let writing: Descriptor
    private let state = Atomic<Bool>(false)

    /// Creates a cancellation that is not requested yet.
    public init() throws(SystemError) {
        (reading, writing) = try ChildProcess.pipe()
    }

    /// Indicates that the work should end.
    public var isRequested: Bool { state.load(ordering: .relaxed) }

    /// Waits for a request.
    ///
    /// - Returns: false if there is none within `timeout`.
    public func isRequested(within timeout: Duration) -> Bool {
        isRequested || (try? reading.waitForInput(timeout: timeout)) == true
    }

    /// Requests the end of the work.
    public func request() {
        if state.exchange(true, ordering: .relaxed) { return }
        // Never read, so that all later waits return at once.
        try? writing.writeAll([1])
    }

    /// Throws `SystemError` with `ECANCELED` if the work should end.
    public func check() throws(SystemError) {
        if state.load(ordering: .relaxed) { throw SystemError("go on", code: ECANCELED) }
    }

    /// A descriptor that becomes readable on request, for use with `poll`.
    public var descriptor: Int32 { reading.number }
}
