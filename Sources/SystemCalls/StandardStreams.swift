// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The standard input, output and error of a process.
public enum StandardStreams {
    /// Occupies those that are closed, so that no file opened later gets their numbers and receives messages. Call it first;
    /// use of a closed stream still fails with `EBADF`.
    public static func reserve() {
        for number in Int32(0)...2 where fcntl(number, F_GETFD) == -1 {
            // open returns the lowest free number.
            _ = Glibc.open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes to standard output, also if it is non-blocking.
    public static func write(_ text: String) throws(SystemError) {
        do { try Descriptor.standardOutput.writeAll(Array(text.utf8)) } catch {
            throw SystemError("write to standard output", code: error.code)
        }
    }

    /// Ends this process silently by SIGPIPE, for a reader that has read enough, such as `head`.
    public static func endUnread() -> Never {
        signal(SIGPIPE, SIG_DFL)
        var signals = Signals.set(SIGPIPE)
        sigprocmask(SIG_UNBLOCK, &signals, nil)
        raise(SIGPIPE)
        CurrentProcess.end(128 + SIGPIPE)
    }
}
