// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file mapped into memory for reading.
public final class FileMapping {
    /// The file's content, valid as long as the mapping exists.
    public let bytes: UnsafeRawBufferPointer

    /// Maps a whole file. It may be closed afterwards, but must not become shorter.
    ///
    /// - Throws: `SystemError`, also for files that cannot be mapped, such as pipes.
    public init(_ file: Descriptor) throws(SystemError) {
        let size = Int(try file.status().st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.number, 0), start != MAP_FAILED else {
            throw SystemError("map a file into memory")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
