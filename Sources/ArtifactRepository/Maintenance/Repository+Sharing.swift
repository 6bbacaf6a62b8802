// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

extension Repository {
    /// Lets the members of a group write to the repository; new files in it belong to the group.
    ///
    /// The files of objects stay as they are in repositories other than those of mode archive: they may be linked into
    /// checkouts, and their permissions mean something.
    ///
    /// - Throws: `SystemError` if a file belongs to another user, and not to the group yet.
    public func share(with group: gid_t) throws {
        try makeStandardDirectories()
        try root.descriptor.share(with: group)
        for entry in try root.entries() { try share(entry, with: group) }
    }

    /// Shares what is at a path of the repository, with everything below.
    private func share(_ path: String, with group: gid_t) throws {
        switch try root.status(of: path).map({ $0.st_mode & S_IFMT }) {
        case S_IFREG:
            guard mode == .archive || !path.hasPrefix("objects/") else { return }
            try root.openFile(path).share(with: group)
        case S_IFDIR:
            // Quarantines stay private to their owners.
            if path.hasPrefix("tmp/"), QuarantineDirectory.isQuarantine(String(path.dropFirst(4))) { return }
            let directory = try root.directory(path)
            try directory.descriptor.share(with: group)
            for entry in try directory.entries() { try share("\(path)/\(entry)", with: group) }
        default: break
        }
    }
}

extension Descriptor {
    /// Lets a group write to a file; what comes into a directory is the group's then.
    fileprivate func share(with group: gid_t) throws {
        let status = try status()
        if status.st_gid != group { try setGroup(group) }
        let needed: mode_t = status.st_mode & S_IFMT == S_IFDIR ? 0o2070 : 0o060
        if status.st_mode & needed != needed { try setMode(status.st_mode & 0o7777 | needed) }
    }
}
