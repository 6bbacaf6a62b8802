// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Signals that end a program, handled by a thread.
public enum Signals {
    /// The descriptor that the handler writes to, set once before the handler is installed.
    private nonisolated(unsafe) static var pipe: Int32 = -1
    private nonisolated(unsafe) static var writing: Descriptor?

    /// Returns a set of signals.
    public static func set(_ signals: Int32...) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }

    /// Makes writing to a broken pipe fail with an error on this thread, rather than end the program.
    public static func blockBrokenPipes() {
        var set = set(SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Calls `act` on a thread of its own when one of the signals arrives. A second one of the same kind has its default
    /// effect, so that the program can be ended at once. Call it at most once.
    ///
    /// - Throws: `SystemError` if there is no thread or pipe left.
    public static func watch(
        _ signals: [Int32], _ act: @escaping @Sendable (Int32) -> Void
    ) throws(SystemError) {
        let ends = try ChildProcess.pipe()
        (writing, pipe) = (ends.writing, ends.writing.number)
        _ = try Thread {
            var number: UInt8 = 0
            while withUnsafeMutableBytes(of: &number, { (try? ends.reading.read(into: $0)) ?? 0 }) > 0 {
                act(Int32(number))
            }
        }
        for signal in signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { signal in
                let saved = errno
                var number = UInt8(truncatingIfNeeded: signal)
                _ = write(Signals.pipe, &number, 1)
                errno = saved
            }
            action.sa_flags = SA_RESTART | Int32(bitPattern: UInt32(SA_RESETHAND))
            // A signal that is ignored at the start, as by nohup, stays ignored.
            var previous = sigaction()
            sigaction(signal, nil, &previous)
            if unsafeBitCast(previous.__sigaction_handler.sa_handler, to: Int.self) == 1 { continue }
            sigaction(signal, &action, nil)
        }
    }
}
