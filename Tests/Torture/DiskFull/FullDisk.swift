// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TestSupport

/// A small file system in memory with a cache on it. It needs a mount namespace of its own.
final class FullDisk {
    let mountPoint: String
    var cache: String { "\(mountPoint)/cache" }
    private var filling: String { "\(mountPoint)/filling" }

    init(at mountPoint: String, megabytes: Int) throws {
        self.mountPoint = mountPoint
        mkdir(mountPoint, 0o755)
        try TestSupport.run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)M", "none", mountPoint])
            .checked()
        try OSTreeCommand.initRepo(cache, mode: .archive, hasSummary: true)
    }

    deinit {
        _ = try? TestSupport.run(["umount", mountPoint])
    }

    /// The number of free bytes.
    var free: Int {
        var status = statvfs()
        statvfs(mountPoint, &status)
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    /// The size in bytes.
    var size: Int {
        var status = statvfs()
        statvfs(mountPoint, &status)
        return Int(status.f_blocks) * Int(status.f_frsize)
    }

    /// Fills the disk until so many bytes are free.
    func fill(leaving bytes: Int) throws {
        unlink(filling)
        let descriptor = open(filling, O_WRONLY | O_CREAT, 0o644)
        defer { close(descriptor) }
        let count = free - bytes
        guard descriptor >= 0, count <= 0 || posix_fallocate(descriptor, 0, off_t(count)) == 0 else {
            throw TestSupportError("cannot fill \(mountPoint)")
        }
    }

    func empty() {
        unlink(filling)
    }
}
