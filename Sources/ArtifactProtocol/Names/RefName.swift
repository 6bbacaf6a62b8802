// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// The name of a ref, for example `project/element/cachekey`.
///
/// The rules are libostree's: parts between single slashes, of letters and digits of any script, `-`, `.` and `_`, each
/// beginning with a letter, a digit or `_`. Refused as well are 64 lower-case hexadecimal digits, which are a commit,
/// parts of more than 255 bytes and names of more than 4,000, which file systems do not accept, and a line break at the
/// end, which libostree overlooks.
///
/// Names are compared by their bytes: unlike `String`s, two canonically equivalent ones are two refs.
public struct RefName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The largest size of a name in bytes.
    public static let maximumSize = 4000
    /// The largest size of a part in bytes.
    public static let maximumPartSize = 255

    /// The name.
    public let text: String

    /// Parses a name; nil for one that breaks the rules.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= RefName.maximumSize, Checksum(hex: text) == nil else { return nil }
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard part.count <= RefName.maximumPartSize, RefName.isPart(part) else { return nil }
        }
        self.text = String(text)
    }

    /// Takes a name that was parsed before.
    package init(unchecked text: some StringProtocol) {
        self.text = String(text)
    }

    /// Returns true if bytes may stand between the slashes of a name.
    package static func isPart(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        guard bytes.allSatisfy({ $0 < 0x80 }) else { return LetterPattern.matches(Array(bytes)) }
        return isWord(first)
            && bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte.isASCIIAlphanumeric || byte == UInt8(ascii: "_")
    }

    /// The first part of the name, which is the project of an artifact.
    package var project: RefName { parents.first ?? self }

    /// The directories above the ref, none of which can be a ref beside it: `a` and `a/b` for `a/b/c`.
    package var parents: [RefName] {
        text.utf8.indices.filter { text.utf8[$0] == UInt8(ascii: "/") }.map {
            RefName(unchecked: text[..<$0])
        }
    }

    /// The name.
    public var description: String { text }

    /// Returns true if two names have the same bytes.
    public static func == (left: RefName, right: RefName) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the name's bytes.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Orders names by their bytes.
    public static func < (left: RefName, right: RefName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
