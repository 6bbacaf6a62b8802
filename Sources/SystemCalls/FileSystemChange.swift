// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One system call that changes a file system, with the descriptors and names that it is given.
package enum FileSystemChange: Sendable {
    case create(Int32, String)
    case makeDirectory(Int32, String)
    case write(Int32)
    case setMetadata(Int32)
    case setTime(Int32, String)
    case rename(Int32, String, Int32, String)
    case renameUnlessPresent(Int32, String, Int32, String)
    case link(Int32, String, Int32, String)
    case remove(Int32, String)
    case sync(Int32)
    case syncFileSystem(Int32)
}

/// Sees every change that this process makes to a file system, and can prevent it: how crash tests make each system
/// call fail, or be the last one.
package protocol FileSystemObserver: AnyObject, Sendable {
    /// Is asked before a change.
    ///
    /// - Returns: the `errno` with which it is to fail instead; nil to let it happen.
    func willMake(_ change: FileSystemChange) -> Int32?
    /// Is told after a change that succeeded.
    func didMake(_ change: FileSystemChange)
}

/// Where an observer is put; nobody else than a test does that, before it starts any thread.
package enum FileSystemObservation {
    nonisolated(unsafe) package static var observer: (any FileSystemObserver)?
}

/// Makes a call that changes a file system, again as long as a signal interrupts it.
@inline(__always)
func changing<T: SignedInteger>(_ change: @autoclosure () -> FileSystemChange, _ call: () -> T) -> T {
    guard let observer = FileSystemObservation.observer else { return retryingInterrupts(call) }
    if let code = observer.willMake(change()) {
        errno = code
        return -1
    }
    let result = retryingInterrupts(call)
    if result >= 0 { observer.didMake(change()) }
    return result
}
