// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A user group of this machine.
struct SystemGroup {
    let identifier: gid_t

    /// Looks up a group by name or number; nil if there is none of that name.
    init?(named name: String) {
        if let entry = getgrnam(name) {
            identifier = entry.pointee.gr_gid
        } else if let number = gid_t(name), number != .max {
            identifier = number
        } else {
            return nil
        }
    }
}
