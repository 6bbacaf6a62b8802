// SPDX-License-Identifier: Apache-2.0

/// The name of a ref, for example `project/element/cachekey`.
///
/// The rules are OSTree's: parts of `A-Z a-z 0-9 - . _` between single slashes. Beyond them `.` and `..` are
/// refused as parts, for they would leave `refs/heads`, as is a leading `-`, which programs would take for an
/// option, and a part of more than 255 bytes, which no file system takes.
public struct RefName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Checks a name; nil for one that breaks the rules.
    public init?(_ text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.count <= 4096, text.utf8.first != UInt8(ascii: "-") else { return nil }
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            guard !part.isEmpty, part != ".", part != "..", part.utf8.count <= 255,
                part.utf8.allSatisfy(RefName.isAllowed)
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
