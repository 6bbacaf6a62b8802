// SPDX-License-Identifier: Apache-2.0

/// A header block of a tar stream, of which every field can be wrong.
package struct TarBlock: Sendable {
    package var name: [UInt8]
    /// 12 bytes.
    package var size: [UInt8]
    package var flag: UInt8
    package var magic = Array("ustar\u{0}00".utf8)
    package var prefix: [UInt8] = []
    /// The difference of the checksum from the right one.
    package var checksumError = 0
    /// Eight bytes in place of the checksum.
    package var checksum: [UInt8]?

    package init(_ name: String, size: Int = 0, flag: UInt8 = UInt8(ascii: "0")) {
        self.name = Array(name.utf8)
        self.size = TarBlock.octal(size, 12)
        self.flag = flag
    }

    /// Octal digits and a NUL.
    package static func octal(_ value: Int, _ width: Int) -> [UInt8] {
        let digits = String(value, radix: 8)
        return Array((String(repeating: "0", count: width - 1 - digits.count) + digits).utf8) + [0]
    }

    /// The 512 bytes.
    package var bytes: [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: [UInt8], at offset: Int) {
            block.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        }
        put(name, at: 0)
        put(TarBlock.octal(0o644, 8), at: 100)
        put(TarBlock.octal(0, 8), at: 108)
        put(TarBlock.octal(0, 8), at: 116)
        put(size, at: 124)
        put(TarBlock.octal(0, 12), at: 136)
        put(Array("        ".utf8), at: 148)
        put([flag], at: 156)
        put(magic, at: 257)
        put(prefix, at: 345)
        let sum = block.reduce(checksumError) { $0 + Int($1) }
        put(checksum ?? TarBlock.octal(sum, 7) + [UInt8(ascii: " ")], at: 148)
        return block
    }

    /// A member: the header, then this content, up to the next block.
    package func with(_ content: [UInt8]) -> [UInt8] {
        bytes + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
}
