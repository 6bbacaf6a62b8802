// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The modification time of a file, to the nanosecond.
struct FileTime {
    private let time: timespec

    init(seconds: Int) { time = timespec(tv_sec: seconds, tv_nsec: 0) }

    init(of path: String) {
        var status = stat()
        lstat(path, &status)
        time = status.st_mtim
    }

    var seconds: Int { time.tv_sec }

    func set(_ path: String) throws {
        let times = [time, time]
        guard utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw TestSupportError("cannot set the time of \(path): \(String(cString: strerror(errno)))")
        }
    }
}
