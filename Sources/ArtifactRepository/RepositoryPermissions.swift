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
