// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Runs work in a process that outlives this one, its terminal and its connection.
public enum DetachedProcess {
    /// Indicates that this process has a single thread, so that it can be forked.
    public static var isPossible: Bool {
        guard let file = try? Directory.openAnywhere("/proc/self/status"),
            let bytes = try? file.readAll(limit: 1 << 16)
        else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains("Threads:\t1")
    }

    /// Forks, and runs `body` in the child, in a session of its own, with its standard streams at `/dev/null`.
    ///
    /// Locks on open files would be shared with the child, so hold none.
    ///
    /// - Throws: `SystemError` if this process has several threads, or cannot fork.
    public static func run(_ body: () -> Void) throws(SystemError) {
        guard isPossible else { throw SystemError("start a process of its own for it", code: EAGAIN) }
        let identifier = clinux_fork()
        guard identifier >= 0 else { throw SystemError("start a process of its own for it") }
        guard identifier == 0 else { return }
        setsid()
        let nothing = Glibc.open("/dev/null", O_RDWR)
        // sshd ends the connection only when its pipes are closed.
        for number in Int32(0)...2 {
            if nothing < 0 { Glibc.close(number) } else { dup2(nothing, number) }
        }
        body()
        _exit(0)
    }
}
