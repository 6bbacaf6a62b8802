// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// Directories that every repository has. Git and some backup programs drop empty ones, and nothing may fail for that.
extension Repository {
    /// Opens a directory in order to write into it; one that is not there is made.
    func standardDirectory(_ name: String) throws(SystemError) -> Directory {
        if let directory = try root.directoryIfPresent(name) { return directory }
        var path = ""
        for part in name.split(separator: "/") {
            path += path.isEmpty ? part : "/\(part)"
            try root.makeDirectory(path, mayExist: true)
        }
        return try root.directory(name)
    }

    /// Makes the directories that libostree expects wherever it writes.
    func makeStandardDirectories() throws(SystemError) {
        for name in ["tmp", "tmp/cache", "state", "extensions", "refs/heads", "refs/mirrors", "refs/remotes"]
        {
            _ = try standardDirectory(name)
        }
    }

    /// Puts a small file, durably written, in place of what is at a path below the repository. The name is durable once its
    /// directory is synced. The caller holds the ref lock.
    func replaceFile(_ path: String, with bytes: [UInt8]) throws {
        try standardDirectory("tmp").replaceFile(path, of: root, with: bytes)
    }
}
