// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import SystemCalls
import Variants

/// The extended attributes of a file in a bare repository, which are part of its object.
enum ExtendedAttributes {
    /// Reads them as OSTree's `a(ayay)`: name with its final NUL, value, sorted by name.
    static func read(_ directory: Directory, _ path: String) throws -> Variant {
        // fgetxattr does not work on symbolic links, so the path goes through /proc.
        let location = "/proc/self/fd/\(directory.descriptor.number)/\(path)"
        let names = try bytes(of: location) { buffer, size in
            llistxattr(location, buffer?.assumingMemoryBound(to: CChar.self), size)
        }.split(separator: 0).map { Array($0) + [0] }
        var pairs: [Variant] = []
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let value = try bytes(of: location) { buffer, size in
                name.withUnsafeBytes {
                    lgetxattr(location, $0.baseAddress?.assumingMemoryBound(to: CChar.self), buffer, size)
                }
            }
            pairs.append(.tuple([.bytes(name), .bytes(value)]))
        }
        return .array(of: "(ayay)", pairs)
    }

    /// The bytes that a system call returns, of which the kernel allows 64 KiB for a value and for all names.
    private static func bytes(
        of location: String, _ call: (UnsafeMutableRawPointer?, Int) -> Int
    ) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { call($0.baseAddress, $0.count) }
        if count >= 0 { return Array(buffer[..<count]) }
        guard errno == EOPNOTSUPP else {
            throw SystemError("read the extended attributes of \(location)")
        }
        return []
    }
}
