// SPDX-License-Identifier: Apache-2.0

/// Words to look for in names of refs: all of them must occur, in any order, in upper or lower case.
struct Search {
    private let words: [[UInt8]]

    /// Takes what somebody typed, of which the first 200 bytes and 8 words count.
    init(_ text: String) {
        words = text.utf8.prefix(200).split { $0 == 32 || $0 == 9 }.prefix(8).map { $0.map(Search.lowered) }
    }

    /// Whether a name has all the words.
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
