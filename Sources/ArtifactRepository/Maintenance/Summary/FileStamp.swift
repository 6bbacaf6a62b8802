// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What tells that a file or folder is still the one that was looked at, and unchanged, as in git's index: its inode,
/// and when that was last changed, which no program can set.
///
/// Stamps are compared for equality only, so that a clock that was set does no harm.
struct FileStamp: Equatable {
    /// The inode's number.
    var inode: UInt64
    /// The change time, in nanoseconds since 1970.
    var changed: UInt64

    /// Equal to nothing that is there.
    static let unknown = FileStamp(inode: 0, changed: 0)

    init(inode: UInt64, changed: UInt64) {
        self.inode = inode
        self.changed = changed
    }

    /// The stamp of what was looked at.
    init(_ status: stat) {
        inode = UInt64(status.st_ino)
        changed = FileStamp.nanoseconds(status.st_ctim)
    }

    /// Nanoseconds since 1970.
    static func nanoseconds(_ time: timespec) -> UInt64 {
        UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }

    /// The shortest time within which a file system may not tell two changes apart; generous.
    private static let granularity: UInt64 = 2_000_000_000

    /// This stamp, unless the file changed so shortly before it was looked at, at `start`, that it may change once more
    /// without getting another time.
    func settled(at start: UInt64) -> FileStamp {
        changed < start && start - changed > FileStamp.granularity ? self : .unknown
    }
}
