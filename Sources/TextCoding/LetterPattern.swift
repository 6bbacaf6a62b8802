// SPDX-License-Identifier: Apache-2.0

import CGLib

/// A regular expression of GLib, which knows the letters of all scripts.
///
/// Which characters are letters depends on the Unicode version of the library. libostree asks the same library, so both
/// agree on every machine.
package struct LetterPattern: @unchecked Sendable {
    // A GRegex is not changed once it is made, and may be used from several threads, hence @unchecked Sendable.
    private let regex: OpaquePointer?

    /// A part of a ref's name.
    package static let refPart = LetterPattern("\\A\\w[-.\\w]*\\z")

    private init(_ pattern: String) {
        regex = g_regex_new(pattern, GRegexCompileFlags(0), GRegexMatchFlags(0), nil)
    }

    /// Returns true if the text is UTF-8 and matches.
    package func matches(_ text: [UInt8]) -> Bool {
        guard let regex else { return false }
        return text.withUnsafeBufferPointer { bytes in
            guard let start = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                g_utf8_validate(start, bytes.count, nil) != 0
            else { return false }
            return g_regex_match_full(regex, start, bytes.count, 0, GRegexMatchFlags(0), nil, nil) != 0
        }
    }
}
