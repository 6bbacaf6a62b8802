// SPDX-License-Identifier: Apache-2.0

import SystemCalls

/// A thread that has the disk write what was received while more arrives, so that less is left for the end.
final class EarlyWriting {
    private struct State {
        var isBusy = false
        var failure: (any Error)?
    }

    private let file: Descriptor
    /// The bytes since the disk last began to write.
    private var waiting = 0
    private let state = Monitor(State())
    private var thread: Thread?

    /// The number of bytes after which the disk begins to write.
    private static let size = 8 * 1024 * 1024
    /// The disk space that a file takes at least.
    private static let smallest = 4096

    /// Prepares for writing to the file system of a file.
    init(_ file: Descriptor) { self.file = file }

    deinit { thread?.join() }

    /// Notes that a file is being received.
    func note(bytes: UInt64?) {
        waiting += max(Int(clamping: bytes ?? 0), EarlyWriting.smallest)
        guard waiting >= EarlyWriting.size, !state.withLock({ $0.isBusy }) else { return }
        waiting = 0
        thread?.join()
        state.withLock { $0.isBusy = true }
        thread = try? Thread { [file, state] in
            let result = Result { try file.syncFileSystem() }
            state.withLock { state in
                state.isBusy = false
                if case .failure(let error) = result { state.failure = state.failure ?? error }
            }
        }
        if thread == nil { state.withLock { $0.isBusy = false } }
    }

    /// Waits until nothing is being written.
    ///
    /// - Throws: the first failure. The kernel tells each one only once, so no later sync would.
    func finish() throws {
        thread?.join()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
