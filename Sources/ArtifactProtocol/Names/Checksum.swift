// SPDX-License-Identifier: Apache-2.0

/// A SHA-256 checksum: 32 bytes, written as 64 lower-case hexadecimal digits.
public struct Checksum: Hashable, Sendable, CustomStringConvertible, Comparable {
    // Four words in big-endian order: compact in sets, and ordered as the digits are.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The size of a checksum in bytes.
    public static let byteCount = 32

    /// Creates a checksum from 32 bytes; nil for any other number.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Checksum.byteCount else { return nil }
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Parses exactly 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        // Nearly all strings are contiguous, which is several times as fast.
        let parsed =
            hex.utf8.withContiguousStorageIfAvailable(Checksum.words)
            ?? Array(hex.utf8).withUnsafeBufferPointer(Checksum.words)
        guard let parsed else { return nil }
        words = parsed
    }

    private static func words(
        of digits: UnsafeBufferPointer<UInt8>
    ) -> (UInt64, UInt64, UInt64, UInt64)? {
        guard digits.count == 2 * byteCount else { return nil }
        func word(_ start: Int) -> UInt64? {
            var word: UInt64 = 0
            for digit in digits[start..<start + 16] {
                let value: UInt8
                switch digit {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
                default: return nil
                }
                word = word << 4 | UInt64(value)
            }
            return word
        }
        guard let first = word(0), let second = word(16), let third = word(32), let fourth = word(48) else {
            return nil
        }
        return (first, second, third, fourth)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Checksum.byteCount) { bytes, count in
            let target = UnsafeMutableRawBufferPointer(bytes)
            target.storeBytes(of: words.0.bigEndian, toByteOffset: 0, as: UInt64.self)
            target.storeBytes(of: words.1.bigEndian, toByteOffset: 8, as: UInt64.self)
            target.storeBytes(of: words.2.bigEndian, toByteOffset: 16, as: UInt64.self)
            target.storeBytes(of: words.3.bigEndian, toByteOffset: 24, as: UInt64.self)
            count = Checksum.byteCount
        }
    }

    /// The first 16 bytes, as two numbers in big-endian order.
    package var leadingWords: (UInt64, UInt64) { (words.0, words.1) }

    /// The first byte, by which objects are divided into directories.
    package var firstByte: UInt8 { UInt8(truncatingIfNeeded: words.0 >> 56) }

    /// The 64 hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 2 * Checksum.byteCount) { digits in
            writeHex(to: digits)
            return 2 * Checksum.byteCount
        }
    }

    /// The digits, with a slash behind the first two, and a suffix: the path of an object.
    package func path(suffix: String) -> String {
        let digits = 2 * Checksum.byteCount
        return String(unsafeUninitializedCapacity: digits + 2 + suffix.utf8.count) { path in
            writeHex(to: UnsafeMutableBufferPointer(rebasing: path[1..<digits + 1]))
            (path[0], path[1], path[2]) = (path[1], path[2], UInt8(ascii: "/"))
            path[digits + 1] = UInt8(ascii: ".")
            _ = UnsafeMutableBufferPointer(rebasing: path[(digits + 2)...]).update(
                fromContentsOf: suffix.utf8)
            return digits + 2 + suffix.utf8.count
        }
    }

    private func writeHex(to digits: UnsafeMutableBufferPointer<UInt8>) {
        let target = UnsafeMutableRawBufferPointer(digits)
        func write(_ word: UInt64, at start: Int) {
            target.storeBytes(
                of: Checksum.digits(UInt32(word >> 32)).bigEndian, toByteOffset: start, as: UInt64.self)
            target.storeBytes(
                of: Checksum.digits(UInt32(truncatingIfNeeded: word)).bigEndian, toByteOffset: start + 8,
                as: UInt64.self)
        }
        write(words.0, at: 0)
        write(words.1, at: 16)
        write(words.2, at: 32)
        write(words.3, at: 48)
    }

    /// Returns eight hexadecimal digits, the first one in the highest byte. They are computed in parallel within the
    /// word, since names of objects are on every hot path.
    private static func digits(_ value: UInt32) -> UInt64 {
        // Spread each half byte to a byte of its own.
        var spread = UInt64(value)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // 1 in each byte that is a letter.
        let letters = (spread + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return spread + 0x3030_3030_3030_3030 + letters * UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
    }

    /// The 64 hexadecimal digits.
    public var description: String { hex }

    /// Compares the words.
    public static func == (left: Checksum, right: Checksum) -> Bool { left.words == right.words }

    /// Orders checksums as their digits are ordered.
    public static func < (left: Checksum, right: Checksum) -> Bool { left.words < right.words }

    /// Hashes one word: a checksum is random already.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

// Messages, journals, logs and hooks write 64 zeros for no commit, as git does.
extension Checksum {
    /// Sixty-four zeros.
    package static let noCommit = String(repeating: "0", count: 64)

    /// The digits of a commit; zeros for none.
    package static func hexOrZeros(_ commit: Checksum?) -> String { commit?.hex ?? noCommit }

    /// The commit itself; nil for zeros.
    package var unlessZeros: Checksum? { hex == Checksum.noCommit ? nil : self }
}
