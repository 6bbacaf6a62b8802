// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// This process.
public enum CurrentProcess {
    /// Writes what C streams hold, and ends this process at once.
    ///
    /// `exit` would run the exit handlers of libraries, OpenSSL's among them, which free what threads that still run use.
    public static func end(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// Gives free memory back to the system, which the allocator keeps for the next need otherwise.
    public static func releaseFreeMemory() { clinux_release_free_memory() }
}
