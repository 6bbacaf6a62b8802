// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The stack of the main thread.
public enum MainStack {
    /// Its limit in bytes. Names of refs may have 2,000 parts, and their directories are walked recursively.
    private static let size: rlim_t = 64 << 20

    /// Raises the limit from the usual 8 MiB, if the hard limit permits it. Memory is taken only when it is used.
    public static func enlarge() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit) == 0, limit.rlim_cur < size else {
            return
        }
        limit.rlim_cur = min(size, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit)
    }
}
