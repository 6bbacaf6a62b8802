// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An operating system thread that runs one closure.
public final class Thread: @unchecked Sendable {
    // Only the thread that created this one uses `isJoined`, hence @unchecked Sendable.
    private let identifier: pthread_t
    private var isJoined = false

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread.
    ///
    /// - Throws: `SystemError` if the system has no more threads.
    public init(_ run: @escaping @Sendable () -> Void) throws(SystemError) {
        let body = Unmanaged.passRetained(Body(run))
        var identifier = pthread_t()
        let code = pthread_create(
            &identifier, nil,
            { argument in
                // The argument is the body passed below, never nil.
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            body.release()
            throw SystemError("start a thread", code: code)
        }
        self.identifier = identifier
    }

    deinit {
        if !isJoined { pthread_detach(identifier) }
    }

    /// The number of threads that the machine runs at the same time.
    public static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// True on the thread itself.
    public var isCurrent: Bool { pthread_equal(identifier, pthread_self()) != 0 }

    /// Waits until the closure has returned.
    public func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(identifier, nil)
    }
}
