// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Tells long work, on whatever thread it is, that it is not wanted any more.
///
/// Work that waits for a peer wakes up at once; other work looks now and then.
public final class Cancellation: Sendable {
    private let reading: Descriptor
    private let writing: Descriptor
    private let state = Atomic<Bool>(false)

    /// Makes one that was not requested yet.
    public init() throws(SystemError) {
        (reading, writing) = try ChildProcess.pipe()
    }

    /// Whether the work is to end.
    public var isRequested: Bool { state.load(ordering: .relaxed) }

    /// Whether the work is to end, waiting for that.
    public func isRequested(within milliseconds: Int32) -> Bool {
        isRequested || (try? reading.waitForInput(milliseconds: milliseconds)) == true
    }

    /// Asks the work to end.
    public func request() {
        if state.exchange(true, ordering: .relaxed) { return }
        // The byte is never taken out, so that whoever waits wakes up from now on.
        try? writing.writeAll([1])
    }

    /// Throws where the work is to end.
    ///
    /// - Throws: `SystemError` with `ECANCELED`.
    public func check() throws(SystemError) {
        if state.load(ordering: .relaxed) { throw SystemError("go on", code: ECANCELED) }
    }

    /// Becomes readable when the work is to end, for those who wait for other things too.
    public var descriptor: Int32 { reading.number }
}
