// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Signals that ask a program to end, told to a thread rather than to whatever is being done.
public enum Signals {
    /// Where the handler writes to. Set once, before the handler is installed.
    private nonisolated(unsafe) static var pipe: Int32 = -1
    private nonisolated(unsafe) static var writing: Descriptor?

    /// Lets writing to a pipe that nobody reads fail with an error, on this thread, rather than end the program.
    public static func blockBrokenPipes() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Lets `act` be called, on a thread of its own, when one of the signals arrives. A second one of a kind does what it
    /// does by default, so that somebody who has no patience left can end the program. To be called at most once.
    ///
    /// - Throws: `SystemError` where there is no thread or pipe to be had.
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
            // Who started the program with a signal ignored, as nohup does, wants it ignored.
            var previous = sigaction()
            sigaction(signal, nil, &previous)
            if unsafeBitCast(previous.__sigaction_handler.sa_handler, to: Int.self) == 1 { continue }
            sigaction(signal, &action, nil)
        }
    }
}
