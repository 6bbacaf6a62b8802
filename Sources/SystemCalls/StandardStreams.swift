// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The three descriptors that a program is started with.
public enum StandardStreams {
    /// Sees to it that no file which is opened later takes the place of one that was closed, where messages would be written
    /// into it. To be called before anything is opened; using one that was closed goes on to fail with `EBADF`.
    public static func reserve() {
        for number in Int32(0)...2 where fcntl(number, F_GETFD) == -1 {
            // The lowest free number is the one that is opened.
            _ = Glibc.open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes to standard output, also where it does not block.
    public static func write(_ text: String) throws(SystemError) {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(SystemError) in try Descriptor.standardOutput.writeAll(raw, patience: -1) }
        }
        do { try result.get() } catch {
            throw SystemError("write to standard output", code: error.code)
        }
    }

    /// Ends this process as one ends that does not know of broken pipes: whoever reads a part of what is written, such as
    /// `head`, wants to hear nothing about the rest.
    public static func endUnread() -> Never {
        signal(SIGPIPE, SIG_DFL)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        sigprocmask(SIG_UNBLOCK, &signals, nil)
        raise(SIGPIPE)
        exit(128 + SIGPIPE)
    }
}
