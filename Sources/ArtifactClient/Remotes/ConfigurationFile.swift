// SPDX-License-Identifier: Apache-2.0

import Glibc

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
        let descriptor = retrying { Int(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) }
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unreadable(path, errno)
        }
        defer { close(Int32(descriptor)) }

        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = retrying { Glibc.read(Int32(descriptor), &buffer, buffer.count) }
            guard count >= 0 else { throw unreadable(path, errno) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= largestSize else {
                throw ConfigurationError(
                    file: path, "it is larger than 1 MiB, so it is hardly a configuration",
                    remedy: "name a buildstream.conf")
            }
        }
    }

    private static func retrying(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    private static func unreadable(_ path: String, _ code: Int32) -> ConfigurationError {
        ConfigurationError(
            file: path, "the configuration cannot be read: \(String(cString: strerror(code)))",
            remedy: "correct that or name another file")
    }
}
