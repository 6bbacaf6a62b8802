// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A search in names of refs: all words must occur, in any order, regardless of case.
struct Search {
    private let words: [String]

    /// Parses a search text. Its first 200 bytes and 8 words are used.
    init(_ text: String) {
        // A NUL would end a word for the C library.
        words = text.utf8.prefix(200).split { [0, 9, 32].contains($0) }.prefix(8).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Returns true if a name contains all words.
    func matches(_ name: String) -> Bool {
        words.allSatisfy { clinux_contains_ignoring_case(name, $0) != 0 }
    }
}
