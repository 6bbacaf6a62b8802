// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An inode number and its change time, by which an unchanged file or directory is recognised, as in git's index.
/// Programs cannot set the change time.
///
/// Stamps are compared for equality only, so clock adjustments do no harm.
struct FileStamp: Equatable {
    /// The inode's number.
    var inode: UInt64
    /// The change time, in nanoseconds since 1970.
    var changed: UInt64

    /// A stamp that no existing file has.
    static let unknown = FileStamp(inode: 0, changed: 0)

    init(inode: UInt64, changed: UInt64) {
        self.inode = inode
        self.changed = changed
    }

    /// Takes the stamp from a file's status.
    init(_ status: stat) {
        inode = UInt64(status.st_ino)
        changed = FileStamp.nanoseconds(status.st_ctim)
    }

    /// Converts a time to nanoseconds since 1970.
    static func nanoseconds(_ time: timespec) -> UInt64 {
        UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }

    /// A generous bound on the resolution of file system timestamps, in nanoseconds.
    private static let granularity: UInt64 = 2_000_000_000

    /// This stamp, or `unknown` if the file changed so shortly before `start` that another change might get the same
    /// time.
    func settled(at start: UInt64) -> FileStamp {
        changed < start && start - changed > FileStamp.granularity ? self : .unknown
    }
}
