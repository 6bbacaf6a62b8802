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
}

extension Directory {
    /// Puts a small file, durably written, at `path` of another directory, in place of what is there. This directory, on
    /// the same file system, holds it while it is written. The name is durable once the target's directory is synced.
    func replaceFile(_ path: String, of target: Directory, with bytes: [UInt8]) throws {
        let name = "replacement"
        try remove(name)
        do {
            let file = try createFile(name)
            try file.writeAll(bytes)
            try file.sync()
            try rename(name, to: target, path)
        } catch {
            try? remove(name)
            throw error
        }
    }
}
