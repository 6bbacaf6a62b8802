// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A thread of the operating system that runs one closure.
public final class Thread: @unchecked Sendable {
    // `isJoined` is only touched by the thread that made this one.
    private let identifier: pthread_t
    private var isJoined = false

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread.
    ///
    /// - Throws: `SystemError` where the system has none to give.
    public init(_ run: @escaping @Sendable () -> Void) throws(SystemError) {
        let body = Unmanaged.passRetained(Body(run))
        var identifier = pthread_t()
        let code = pthread_create(
            &identifier, nil,
            { argument in
                // It is what pthread_create was given.
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

    /// How many threads the machine can run at the same time.
    public static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Waits until the closure has returned.
    public func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(identifier, nil)
    }
}
