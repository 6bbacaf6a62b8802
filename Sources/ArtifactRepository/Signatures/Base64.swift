// SPDX-License-Identifier: Apache-2.0

/// Base64 with the usual alphabet (RFC 4648, section 4): keys and OpenPGP's armour are written so.
enum Base64 {
    /// The bytes that a text stands for; nil where it has other characters, or is cut off.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var pending: UInt32 = 0
        var (digits, padding) = (0, 0)
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
            } else {
                guard padding == 0, let value = value(of: character) else { return nil }
                pending = pending << 6 | UInt32(value)
            }
            digits += 1
            guard digits % 4 == 0 else { continue }
            guard padding <= 2 else { return nil }
            // Padding stands for digits whose bits nothing needs.
            pending <<= UInt32(6 * padding)
            result += (0..<(3 - padding)).map { UInt8(truncatingIfNeeded: pending >> UInt32(16 - 8 * $0)) }
            pending = 0
        }
        return digits % 4 == 0 && padding <= 2 ? result : nil
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
