// SPDX-License-Identifier: Apache-2.0

/// The name of a ref, for example `project/element/cachekey`.
///
/// The rules are OSTree's: parts of `A-Z a-z 0-9 - . _` between single slashes, each beginning with a letter, a digit
/// or `_`; 64 lower-case hexadecimal digits are a commit and no name. Beyond them a part of more than 255 bytes is
/// refused, which no file system takes, and a name of more than 4,000, which with its folders is no path.
public struct RefName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Checks a name; nil for one that breaks the rules.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 4000, Checksum(hex: text) == nil else { return nil }
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            guard let first = part.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "."),
                part.utf8.count <= 255, part.utf8.allSatisfy(RefName.isAllowed)
            else { return nil }
        }
        self.text = String(text)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The name.
    public var description: String { text }

    /// Orders names by their bytes.
    public static func < (left: RefName, right: RefName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
