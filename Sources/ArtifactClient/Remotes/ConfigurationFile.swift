// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemCalls

/// Reads a configuration's bytes: the one place here that touches the file system.
enum ConfigurationFile {
    /// A person's configuration is a few KiB; what is larger is another kind of file.
    static let largestSize = 1 << 20

    /// The file's bytes, or nil where there is no such file.
    ///
    /// Throws `ConfigurationError` where it cannot be read or is larger than `largestSize`.
    static func read(_ path: String) throws(ConfigurationError) -> [UInt8]? {
        guard !path.utf8.contains(0) else {
            throw ConfigurationError(
                file: path, "its name holds a NUL character", remedy: "name an existing file")
        }
        do {
            return try Directory.openAnywhere(path).readAll(limit: largestSize)
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR: return nil
            case EFBIG:
                throw ConfigurationError(
                    file: path, "it is larger than 1 MiB, so it is hardly a configuration",
                    remedy: "name a buildstream.conf")
            default:
                throw ConfigurationError(
                    file: path, "the configuration cannot be read: \(error.reason)",
                    remedy: "correct that or name another file")
            }
        }
    }
}
