// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Work that goes on when this process, its terminal and its connection are gone.
public enum DetachedProcess {
    /// Whether this process has one thread only, so that a copy of it is whole.
    public static var isPossible: Bool {
        guard let file = try? Directory.openAnywhere("/proc/self/status"),
            let bytes = try? file.readAll(limit: 1 << 16)
        else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains("Threads:\t1")
    }

    /// Runs `body` in a copy of this process, in a session of its own, with nothing to read from or write to.
    ///
    /// Locks that belong to open files are shared with the copy, so hold none.
    ///
    /// - Throws: `SystemError` where this process has several threads, or there is no room for another.
    public static func run(_ body: () -> Void) throws(SystemError) {
        guard isPossible else { throw SystemError("start a process of its own for it", code: EAGAIN) }
        let identifier = clinux_fork()
        guard identifier >= 0 else { throw SystemError("start a process of its own for it") }
        guard identifier == 0 else { return }
        setsid()
        let nothing = Glibc.open("/dev/null", O_RDWR)
        // Whoever waits for the end of our output must not wait for us.
        for number in Int32(0)...2 {
            if nothing < 0 { Glibc.close(number) } else { dup2(nothing, number) }
        }
        body()
        _exit(0)
    }
}
