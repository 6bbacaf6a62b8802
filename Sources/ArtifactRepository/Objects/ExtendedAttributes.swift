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
        let names = try list(location)
        var pairs: [Variant] = []
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let value = try grow(location) { buffer, size in
                name.withUnsafeBytes {
                    lgetxattr(location, $0.baseAddress?.assumingMemoryBound(to: CChar.self), buffer, size)
                }
            }
            pairs.append(.tuple([.bytes(name), .bytes(value)]))
        }
        return .array(of: "(ayay)", pairs)
    }

    /// The names, each with its final NUL.
    private static func list(_ location: String) throws -> [[UInt8]] {
        let bytes = try grow(location) { buffer, size in
            llistxattr(location, buffer?.assumingMemoryBound(to: CChar.self), size)
        }
        return bytes.split(separator: 0).map { Array($0) + [0] }
    }

    /// Calls `call` for the size and again for the value, until the value fits.
    private static func grow(
        _ location: String, _ call: (UnsafeMutableRawPointer?, Int) -> Int
    ) throws -> [UInt8] {
        while true {
            let size = call(nil, 0)
            guard size > 0 else {
                if size == 0 || errno == EOPNOTSUPP { return [] }
                throw SystemError("read the extended attributes of \(location)")
            }
            var buffer = [UInt8](repeating: 0, count: size)
            let count = buffer.withUnsafeMutableBytes { call($0.baseAddress, $0.count) }
            if count >= 0 { return Array(buffer[..<count]) }
            guard errno == ERANGE else { throw SystemError("read the extended attributes of \(location)") }
        }
    }
}
