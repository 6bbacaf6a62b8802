// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Landlock: a process gives up, for good, what access to files it does not need.
public enum Landlock {
    /// What is still to be possible below a path.
    public enum Access: Sendable {
        /// Everything.
        case everything
        /// Reading.
        case reading
        /// Reading, and starting programs.
        case running
    }

    // Kinds of access, by their bits: see landlock(7).
    private static let execute: UInt64 = 1
    private static let readFile: UInt64 = 1 << 2
    private static let readFolder: UInt64 = 1 << 3
    private static let truncate: UInt64 = 1 << 14
    /// Those that can be given for a file that is no folder.
    private static let ofFiles: UInt64 = execute | 1 << 1 | readFile | truncate

    /// All kinds that a version of Landlock knows.
    private static func all(_ version: Int32) -> UInt64 {
        let count: UInt64 = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13
        return 1 << count - 1
    }

    /// Gives up access to all files but these and what is below them, and to TCP where the kernel can do that. What is
    /// open stays usable. It holds for the calling thread and for all threads and programs that it starts from now on.
    ///
    /// - Parameter allowed: paths; those that do not exist are passed over.
    /// - Returns: false where the kernel cannot do that; nothing was given up then.
    /// - Throws: `SystemError` where the kernel can, and refuses.
    public static func confine(to allowed: [(path: String, access: Access)]) throws(SystemError) -> Bool {
        let version = clinux_landlock_version()
        // The first version forbids all moving between folders.
        guard version >= 2 else { return false }
        let all = all(version)
        let number = clinux_landlock_create(all, version >= 4 ? 1 : 0)
        guard number >= 0 else { throw SystemError("make Landlock rules") }
        let rules = Descriptor(number)
        for (path, access) in allowed {
            let opened = retryingInterrupts { clinux_open_path(path) }
            guard opened >= 0 else { continue }
            let place = Descriptor(opened)
            var kinds =
                switch access {
                case .everything: all
                case .reading: readFile | readFolder
                case .running: readFile | readFolder | execute
                }
            if try place.status().st_mode & S_IFMT != S_IFDIR { kinds &= ofFiles }
            guard clinux_landlock_allow(rules.number, place.number, kinds) == 0 else {
                throw SystemError("allow access to \(path)")
            }
        }
        guard clinux_landlock_enforce(rules.number) == 0 else { throw SystemError("give up access to files") }
        return true
    }
}
