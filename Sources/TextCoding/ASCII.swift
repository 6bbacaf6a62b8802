// SPDX-License-Identifier: Apache-2.0

extension UInt8 {
    /// True for `0` to `9`.
    @inlinable
    package var isASCIIDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    /// True for `A` to `Z` and `a` to `z`.
    @inlinable
    package var isASCIILetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }

    /// True for a letter or a digit.
    @inlinable
    package var isASCIIAlphanumeric: Bool { isASCIIDigit || isASCIILetter }

    /// True for the C0 controls and DEL.
    @inlinable
    package var isASCIIControl: Bool { self < 0x20 || self == 0x7f }
}
