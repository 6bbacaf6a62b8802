// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A system call that changes a file system, with its descriptors and names.
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

/// Observes all changes that this process makes to file systems, and can make them fail, for fault injection.
package protocol FileSystemObserver: AnyObject, Sendable {
    /// Called before a change.
    ///
    /// - Returns: the `errno` to fail with instead of making the change; nil to make it.
    func willMake(_ change: FileSystemChange) -> Int32?
    /// Called after a successful change.
    func didMake(_ change: FileSystemChange)
}

#if DEBUG
    /// The observer of this process. Tests set it before they start threads; release builds have none.
    package enum FileSystemObservation {
        nonisolated(unsafe) package static var observer: (any FileSystemObserver)?
    }
#endif

/// Makes a call that changes a file system, and repeats it while signals interrupt it.
@inline(__always)
func changing<T: SignedInteger>(_ change: @autoclosure () -> FileSystemChange, _ call: () -> T) -> T {
    #if DEBUG
        if let observer = FileSystemObservation.observer {
            if let code = observer.willMake(change()) {
                errno = code
                return -1
            }
            let result = retryingInterrupts(call)
            if result >= 0 { observer.didMake(change()) }
            return result
        }
    #endif
    return retryingInterrupts(call)
}
