// SPDX-License-Identifier: Apache-2.0

/// The keys of entries of the log, below the cache's prefix. Newer entries come first in lists.
enum LogKey {
    static let directory = "bst-artifact/log/"
    private static let digitCount = 16

    /// The key of an entry.
    static func name(of sequence: UInt64) -> String {
        let digits = String(UInt64.max - sequence, radix: 16)
        return directory + String(repeating: "0", count: digitCount - digits.count) + digits
    }

    /// The number of the entry at a key; nil where the key is another one.
    static func sequence(of name: some StringProtocol) -> UInt64? {
        guard name.hasPrefix(directory) else { return nil }
        let digits = name.dropFirst(directory.count)
        guard digits.utf8.count == digitCount, digits.allSatisfy({ $0.isHexDigit && !$0.isUppercase }),
            let number = UInt64(digits, radix: 16)
        else { return nil }
        return UInt64.max - number
    }
}
