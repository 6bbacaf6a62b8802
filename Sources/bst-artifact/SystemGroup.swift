// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A group of this machine.
struct SystemGroup {
    let identifier: gid_t

    /// Looks a group up by its name or number; nil where there is no group of that name.
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
