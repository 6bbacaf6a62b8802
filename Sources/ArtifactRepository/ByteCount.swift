// SPDX-License-Identifier: Apache-2.0

/// A number of bytes, as people write it: with an optional unit of 1024s, `64M`.
public struct ByteCount: Sendable, Equatable {
    /// The number of bytes.
    public let value: UInt64

    /// Reads a number with or without one of the units K, M, G and T.
    public init?(argument: String) {
        let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let unit = argument.last.flatMap { units[$0] }
        let digits = unit == nil ? argument[...] : argument.dropLast()
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt64(digits) else {
            return nil
        }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow else { return nil }
        self.value = value
    }
}

extension UInt64 {
    /// Returns the sum, or the largest number if that is larger: one operand may come from a peer.
    func adding(_ other: UInt64) -> UInt64 { self + Swift.min(other, .max - self) }
}
