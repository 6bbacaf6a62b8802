// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import Glibc

/// A search for the file that keeps a directory from being recorded, which libostree does not name by its whole path.
enum CommitObstacle {
    /// The first file that an artifact cannot hold, or that cannot be read, and what to do about it.
    static func find(in directory: String) -> String? {
        find(at: Array(directory.utf8))
    }

    private static func find(at path: [UInt8]) -> String? {
        let name = path.map(CChar.init(bitPattern:)) + [0]
        let shown = String(displaying: path)
        guard String(validating: path, as: UTF8.self) != nil else {
            return "the name of \(shown) is not UTF-8, as names in an artifact must be: rename it"
        }
        var status = stat()
        guard lstat(name, &status) == 0 else { return unreadable(shown) }
        switch status.st_mode & S_IFMT {
        case S_IFLNK: return nil
        case S_IFREG:
            let number = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            guard number >= 0 else { return unreadable(shown) }
            close(number)
            return nil
        case S_IFDIR:
            guard let stream = opendir(name) else { return unreadable(shown) }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let child = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
                if child == Array(".".utf8) || child == Array("..".utf8) { continue }
                if let found = find(at: path + [UInt8(ascii: "/")] + child) { return found }
            }
            return nil
        case let kind:
            let what = [S_IFIFO: "a named pipe", S_IFSOCK: "a socket"][kind] ?? "a device"
            return
                "\(shown) is \(what), and an artifact holds files, directories and symbolic links: remove it"
        }
    }

    private static func unreadable(_ path: String) -> String {
        "\(path) cannot be read: \(String(cString: strerror(errno)))"
    }
}
