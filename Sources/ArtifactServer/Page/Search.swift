// SPDX-License-Identifier: Apache-2.0

/// A search in names of refs: all words must occur, in any order, regardless of case.
struct Search {
    private let words: [[UInt8]]

    /// Parses a search text. Its first 200 bytes and 8 words are used.
    init(_ text: String) {
        words = text.utf8.prefix(200).split { $0 == 32 || $0 == 9 }.prefix(8).map { $0.map(Search.lowered) }
    }

    /// Returns true if a name contains all words.
    func matches(_ name: String) -> Bool {
        words.allSatisfy { word in
            name.utf8.withContiguousStorageIfAvailable { Search.contains($0, word) }
                ?? Array(name.utf8).withUnsafeBufferPointer { Search.contains($0, word) }
        }
    }

    private static func contains(_ name: UnsafeBufferPointer<UInt8>, _ word: [UInt8]) -> Bool {
        guard name.count >= word.count else { return false }
        for start in 0...(name.count - word.count) {
            var count = 0
            while count < word.count, lowered(name[start + count]) == word[count] { count += 1 }
            if count == word.count { return true }
        }
        return false
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
}
