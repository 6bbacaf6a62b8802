// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// The permissions that files of a repository get: those of its own directory decide, whatever the process's umask is.
public struct RepositoryPermissions: Sendable, Equatable {
    /// True where the members of a group write to the repository.
    public let isShared: Bool

    /// Permissions of a repository that only its owner writes to: 0644, and 0755 for directories.
    public static let ofOwner = RepositoryPermissions(isShared: false)
    /// Permissions of a repository that a group writes to: 0664, and 0775 for directories.
    public static let ofGroup = RepositoryPermissions(isShared: true)

    private init(isShared: Bool) {
        self.isShared = isShared
    }

    /// Permissions as those of the repository's directory. With an access control list, the bits of the group say what
    /// the list grants at most.
    init(of directory: stat) {
        self.init(isShared: directory.st_mode & S_IWGRP != 0)
    }

    private var mask: mode_t { isShared ? 0o002 : 0o022 }

    /// The permissions of a file.
    var fileMode: mode_t { 0o666 & ~mask }

    /// Makes them those of all files and directories that this process makes from now on.
    public func adopt() {
        umask(mask)
    }
}

extension Repository {
    /// Lets the members of a group write to the repository, and lets everything that they make in it be the group's.
    ///
    /// The files of objects stay as they are in repositories other than those of mode archive: they may be linked into
    /// checkouts, and their permissions mean something.
    ///
    /// - Throws: `SystemError` where something belongs to somebody else and is not the group's yet.
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
            // The directories of pushes in progress stay their owners'.
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
