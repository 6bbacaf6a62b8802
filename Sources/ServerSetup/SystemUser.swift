// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A user account of this machine.
struct SystemUser {
    let name: String
    let identifier: uid_t
    let group: gid_t
    let home: String
    let shell: String

    /// Looks up an account; nil if there is none of that name.
    init?(named name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.name = name
        identifier = entry.pointee.pw_uid
        group = entry.pointee.pw_gid
        home = String(cString: entry.pointee.pw_dir)
        shell = String(cString: entry.pointee.pw_shell)
    }
}
