// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The stack of a program's first thread.
public enum MainStack {
    /// The most that it may take, in bytes: names of refs may have 2,000 parts, and their directories are walked one within
    /// the other.
    private static let size: rlim_t = 64 << 20

    /// Lets the stack grow beyond the usual 8 MiB, where the system allows that; it takes memory only as it is used.
    public static func enlarge() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit) == 0, limit.rlim_cur < size else {
            return
        }
        limit.rlim_cur = min(size, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit)
    }
}
