// SPDX-License-Identifier: Apache-2.0

/// One header block of a tar archive: ustar, POSIX (pax) or GNU.
///
/// Format: POSIX.1-2017, `pax`, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format" for the binary
/// sizes.
struct TarHeader: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// A regular file.
        case file
        /// Pax records for the next member.
        case extended
        /// Pax records for all members that follow.
        case globalExtended
        /// GNU: the next member's long name.
        case longName
        /// Any other: links, directories, devices, sparse files and extensions of GNU tar.
        case other(UInt8)
    }

    /// The size of a header, and the unit of everything else.
    static let blockSize = 512
    /// The size that streams are padded to a multiple of: existing receivers read in units of it.
    static let recordSize = 10_240

    var name: String
    var kind: Kind
    var size: UInt64

    /// Parses a block that is not all zero.
    init(block: UnsafeRawBufferPointer) throws(ProtocolError) {
        precondition(block.count == TarHeader.blockSize)
        // The checksum itself counts as blanks.
        let field = block[148..<156]
        let sum = TarHeader.sum(block) - TarHeader.sum(field) + field.count * Int(UInt8(ascii: " "))
        guard let stated = TarHeader.octal(field), stated == UInt64(sum) else {
            throw .damagedStream("a tar header's checksum does not match")
        }
        guard let size = TarHeader.number(block[124..<136]) else {
            throw .damagedStream("a tar header states no valid size")
        }
        self.size = size
        var name = TarHeader.text(block[0..<100])
        // Only POSIX headers have a prefix; GNU headers use the place for times.
        if block[257..<263].elementsEqual("ustar\0".utf8), block[345] != 0 {
            name = TarHeader.text(block[345..<500]) + "/" + name
        }
        self.name = name
        switch block[156] {
        case UInt8(ascii: "0"), 0: kind = .file
        case UInt8(ascii: "x"): kind = .extended
        case UInt8(ascii: "g"): kind = .globalExtended
        case UInt8(ascii: "L"): kind = .longName
        case let flag: kind = .other(flag)
        }
    }

    private static func sum(_ bytes: some Collection<UInt8>) -> Int { bytes.reduce(0) { $0 + Int($1) } }

    static func text(_ field: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Parses octal digits, which spaces may precede and spaces or NULs end.
    static func octal(_ field: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        let digits = field.drop { $0 == UInt8(ascii: " ") }
            .prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        guard field[digits.endIndex...].allSatisfy({ $0 == 0 || $0 == UInt8(ascii: " ") }) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit), value >> 61 == 0 else {
                return nil
            }
            value = value << 3 | UInt64(digit - UInt8(ascii: "0"))
        }
        return digits.isEmpty ? nil : value
    }

    /// Parses octal digits, or GNU's base 256 where the first bit is set; nil for negative numbers.
    static func number(_ field: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        guard let first = field.first else { return nil }
        guard first & 0x80 != 0 else { return octal(field) }
        guard first == 0x80 else { return nil }
        var value: UInt64 = 0
        for byte in field.dropFirst() {
            guard value >> 55 == 0 else { return nil }
            value = value << 8 | UInt64(byte)
        }
        return value
    }

    /// Returns a ustar header for a regular file, with sizes from 8 GiB on in base 256, as GNU tar and Python's tarfile
    /// write them.
    static func block(name: String, size: UInt64, flag: UInt8 = UInt8(ascii: "0")) -> [UInt8] {
        precondition(name.utf8.count <= 100)
        var block = [UInt8](repeating: 0, count: blockSize)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func padded(_ value: UInt64, _ digits: Int) -> String {
            let octal = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - octal.count)) + octal
        }
        put(name, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        if size < 1 << 33 {
            put(padded(size, 11), at: 124)
        } else {
            block[124] = 0x80
            withUnsafeBytes(of: size.bigEndian) { block.replaceSubrange(128..<136, with: $0) }
        }
        put("00000000000", at: 136)
        put("        ", at: 148)
        block[156] = flag
        put("ustar", at: 257)
        put("00", at: 263)
        put(padded(UInt64(sum(block)), 6), at: 148)
        block[154] = 0
        return block
    }
}
