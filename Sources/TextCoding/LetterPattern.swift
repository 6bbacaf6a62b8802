// SPDX-License-Identifier: Apache-2.0

import CGLib

/// The regular expression that libostree has for a part of a ref's name, by GLib, which knows the letters of all scripts.
///
/// Which characters are letters depends on the Unicode version of the library. libostree asks the same library, so both
/// agree on every machine.
package enum LetterPattern {
    // Not changed once it is made, and usable from several threads, hence nonisolated(unsafe).
    private nonisolated(unsafe) static let regex = g_regex_new(
        "\\A\\w[-.\\w]*\\z", GRegexCompileFlags(0), GRegexMatchFlags(0), nil)

    /// Returns true if the text is UTF-8 and a part of a ref's name.
    package static func matches(_ text: [UInt8]) -> Bool {
        text.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                g_utf8_validate(start, bytes.count, nil) != 0
            else { return false }
            return g_regex_match_full(regex, start, bytes.count, 0, GRegexMatchFlags(0), nil, nil) != 0
        }
    }
}
