// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Landlock, by which a process gives up access to files for good.
public enum Landlock {
    /// The access to keep below a path.
    public enum Access: Sendable {
        /// Full access.
        case everything
        /// Reading.
        case reading
        /// Reading and executing.
        case running
    }

    // Kinds of access, by their bits: see landlock(7).
    private static let execute: UInt64 = 1
    private static let readFile: UInt64 = 1 << 2
    private static let readDirectory: UInt64 = 1 << 3
    private static let truncate: UInt64 = 1 << 14
    /// The kinds that apply to files.
    private static let ofFiles: UInt64 = execute | 1 << 1 | readFile | truncate

    /// Returns all kinds that a version of Landlock knows.
    private static func all(_ version: Int32) -> UInt64 {
        let count: UInt64 = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13
        return 1 << count - 1
    }

    /// Gives up access to all files except those below some paths, and to TCP if the kernel supports that. Open files stay
    /// usable. It holds for the calling thread, and for all threads and programs that it starts afterwards.
    ///
    /// - Parameters:
    ///   - allowed: paths to keep access to. Missing ones are ignored.
    ///   - port: a TCP port to which connections stay possible; nil for none.
    /// - Returns: false if the kernel does not support it; then nothing is given up.
    /// - Throws: `SystemError` if the kernel supports it and refuses.
    public static func confine(
        to allowed: [(path: String, access: Access)], port: UInt16? = nil
    ) throws(SystemError) -> Bool {
        let version = clinux_landlock_version()
        // The first version forbids all renaming between directories.
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
                case .reading: readFile | readDirectory
                case .running: readFile | readDirectory | execute
                }
            if try place.status().st_mode & S_IFMT != S_IFDIR { kinds &= ofFiles }
            guard clinux_landlock_allow(rules.number, place.number, kinds) == 0 else {
                throw SystemError("allow access to \(path)")
            }
        }
        if version >= 4, let port, clinux_landlock_allow_connecting(rules.number, port) != 0 {
            throw SystemError("allow connections to port \(port)")
        }
        guard clinux_landlock_enforce(rules.number) == 0 else { throw SystemError("give up access to files") }
        return true
    }
}
