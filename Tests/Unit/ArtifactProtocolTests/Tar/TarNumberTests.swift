// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ArtifactProtocol

/// A tar header's size.
@Suite struct TarNumberTests {
    private static func size(_ field: [UInt8]) throws -> UInt64 {
        var header = TarArchive.Header()
        header.size = field
        return try header.block.withUnsafeBytes { try TarHeader(block: $0) }.size
    }

    @Test(
        arguments: [
            ("00000000017\0", 15), ("00000000017 ", 15), ("17\0\0\0\0\0\0\0\0\0\0", 15), ("17          ", 15),
            ("         17 ", 15), ("         17\0", 15), ("  17 \0 \0    ", 15),
            ("0\0\0\0\0\0\0\0\0\0\0\0", 0),
            ("77777777777\0", 8_589_934_591), ("777777777777", 68_719_476_735),
        ] as [(String, UInt64)])
    func `A tar header's size is octal, with spaces before it, and spaces or NULs after it`(
        field: String, value: UInt64
    ) throws {
        #expect(try Self.size(Array(field.utf8)) == value)
    }

    @Test(arguments: [
        "\0\0\0\0\0\0\0\0\0\0\0\0", "            ", "-0000000001\0", "+0000000001\0", "0000000008\0\0",
        "0x00000001f\0", "00000000 17\0", "0000\00000017", "1e3\0\0\0\0\0\0\0\0\0", "١٢٣456",
        "\n0000000017\0",
    ])
    func `A tar header's size is nothing else`(field: String) {
        let error = #expect(throws: ProtocolError.self) { try Self.size(Array(field.utf8)) }
        #expect(error?.code == .badObjectStream)
        #expect(error?.description.contains("size") == true)
    }

    @Test(arguments: [0, 1, 255, 1 << 33, (1 << 33) + 12345, 1 << 40, 1 << 62] as [UInt64])
    func `A tar header's size may be of 8 GiB and more, in base 256`(value: UInt64) throws {
        var field: [UInt8] = [0x80, 0, 0, 0]
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            field.append(UInt8(truncatingIfNeeded: value >> shift))
        }
        #expect(try Self.size(field) == value)
    }

    @Test func `A tar header's size in base 256 is neither negative nor beyond 63 bits`() {
        let tooLarge: [UInt8] = [0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]
        let enormous: [UInt8] = [0x80, 1] + [UInt8](repeating: 0, count: 10)
        let large: [UInt8] = [0x80, 0, 0, 1] + [UInt8](repeating: 0, count: 8)
        let negative = [UInt8](repeating: 0xff, count: 12)
        let strange: [UInt8] = [0x81] + [UInt8](repeating: 0, count: 11)
        for field in [tooLarge, enormous, large, negative, strange] {
            #expect(throws: ProtocolError.self) { try Self.size(field) }
        }
    }

    @Test(arguments: [0, 1, 511, (1 << 33) - 1, 1 << 33, (1 << 33) + 1, 1 << 45, 1 << 62] as [UInt64])
    func `A tar header's size is written so that it reads the same, on either side of 8 GiB`(value: UInt64)
        throws
    {
        let name = String(repeating: "n", count: 100)
        let header = try TarHeader.block(name: name, size: value).withUnsafeBytes { try TarHeader(block: $0) }
        #expect(header.size == value)
        #expect(header.name == name)
        #expect(header.kind == .file)
    }
}
