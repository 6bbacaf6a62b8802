// SPDX-License-Identifier: Apache-2.0

/// Bytes as hexadecimal digits.
enum Hexadecimal {
    /// Returns two lower-case digits for each byte.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
