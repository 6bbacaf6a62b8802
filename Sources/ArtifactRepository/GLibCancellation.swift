// SPDX-License-Identifier: Apache-2.0

import COSTree
import SystemCalls

/// A `GCancellable` that is cancelled when a `Cancellation` is requested, for a function of libostree that takes long.
final class GLibCancellation: @unchecked Sendable {
    // A GCancellable may be cancelled from any thread.
    let cancellable: UnsafeMutablePointer<GCancellable>?
    private let ended: Cancellation
    private let watcher: Thread?

    /// Begins to watch; nil is never requested.
    init(_ cancellation: Cancellation?) throws {
        let cancellable = g_cancellable_new()
        let ended = try Cancellation()
        (self.cancellable, self.ended) = (cancellable, ended)
        nonisolated(unsafe) let shared = cancellable
        watcher = try cancellation.map { cancellation in
            try Thread {
                _ = try? Descriptor(ended.descriptor, owned: false).waitForInput(
                    cancellation: cancellation)
                if cancellation.isRequested { g_cancellable_cancel(shared) }
            }
        }
    }

    deinit {
        end()
        if let cancellable { g_object_unref(UnsafeMutableRawPointer(cancellable)) }
    }

    /// Stops watching; to be called when the function has returned.
    func end() {
        ended.request()
        watcher?.join()
    }
}
