// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A regular file that is being served.
final class ServedFile {
    let size: Int
    private let descriptor: Int32

    /// Opens a file; `nil` when there is none.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        size = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }

    /// Up to so many bytes from an offset.
    func read(at offset: Int, atMost count: Int) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let read = pread(descriptor, &buffer, count, off_t(offset))
        return Array(buffer[..<max(0, read)])
    }
}
