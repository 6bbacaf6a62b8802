// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The limits that the system sets to this process, which are raised as far as the hard limits permit.
package enum ResourceLimit {
    /// Raises the stack of the main thread from the usual 8 MiB: names of refs may have 2,000 parts, and their directories
    /// are walked recursively. Memory is taken only when it is used.
    package static func raiseStack() {
        raise(RLIMIT_STACK, to: 64 << 20)
    }

    /// Raises the number of open files, 1,024 by default: each connection to a server needs two.
    package static func raiseFiles() {
        raise(RLIMIT_NOFILE, to: 65_536)
    }

    private static func raise(_ resource: __rlimit_resource, to wanted: rlim_t) {
        let resource = __rlimit_resource_t(resource.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        setrlimit(resource, &limit)
    }
}
