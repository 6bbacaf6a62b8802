// SPDX-License-Identifier: Apache-2.0

/// A SHA-256 checksum: 32 bytes, written as 64 lower-case hexadecimal digits.
public struct Checksum: Hashable, Sendable, CustomStringConvertible, Comparable {
    // Four words in big-endian order: compact in sets, and comparison is comparison of the words.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Stands for no commit where a checksum is written in hexadecimal digits: 64 zeros.
    package static let noCommit = String(repeating: "0", count: 64)

    /// How many bytes a checksum has.
    public static let byteCount = 32

    /// Takes 32 bytes; nil for any other number.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Checksum.byteCount else { return nil }
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Takes exactly 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        var parsed: [UInt64] = [0, 0, 0, 0]
        var position = 0
        for digit in hex.utf8 {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            guard position < 64 else { return nil }
            parsed[position / 16] = parsed[position / 16] << 4 | UInt64(value)
            position += 1
        }
        guard position == 64 else { return nil }
        words = (parsed[0], parsed[1], parsed[2], parsed[3])
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
        }
    }

    /// The 64 hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 64) { digits in
            var position = 0
            for word in [words.0, words.1, words.2, words.3] {
                for shift in stride(from: 60, through: 0, by: -4) {
                    let value = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15
                    digits[position] = value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "a")
                    position += 1
                }
            }
            return 64
        }
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
