// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls

/// Names of objects, with their sizes, in an unnamed temporary file, since a bucket may have more than fit into memory.
struct NameFile {
    private let file: Descriptor
    private var buffer: [UInt8] = []
    private(set) var count = 0

    /// The size, a byte for the type, and the checksum.
    private static let recordSize = 8 + 1 + Checksum.byteCount
    /// The number of names that are read and written at a time.
    private static let batchSize = 8192

    init() throws {
        file = try Directory(Environment["TMPDIR"] ?? "/var/tmp").unnamedFile()
    }

    mutating func append(_ name: ObjectName, size: UInt64) throws {
        let type = ObjectType.allCases.firstIndex(of: name.type) ?? 0
        withUnsafeBytes(of: size) { buffer.append(contentsOf: $0) }
        buffer.append(UInt8(type))
        buffer += name.checksum.bytes
        count += 1
        if buffer.count >= NameFile.batchSize * NameFile.recordSize { try flush() }
    }

    private mutating func flush() throws {
        try file.writeAll(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Visits all names, in the order in which they were added.
    mutating func forEach(_ visit: (ObjectName, _ size: UInt64) throws -> Void) throws {
        try flush()
        let size = NameFile.recordSize
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: NameFile.batchSize * size, alignment: 16)
        defer { bytes.deallocate() }
        var offset = 0
        while offset < count * size {
            let wanted = min(bytes.count, count * size - offset)
            let part = UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted])
            guard try file.fill(part, at: UInt64(offset)) == wanted else {
                throw SystemError("read a temporary file that became shorter", code: 5)
            }
            for start in stride(from: 0, to: wanted, by: size) {
                let checksum = Checksum(
                    bytes: UnsafeRawBufferPointer(rebasing: part[(start + 9)..<(start + size)]))
                guard let checksum else { continue }
                try visit(
                    ObjectName(checksum, ObjectType.allCases[Int(part[start + 8])]),
                    part.loadUnaligned(fromByteOffset: start, as: UInt64.self))
            }
            offset += wanted
        }
    }
}
