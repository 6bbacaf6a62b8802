// SPDX-License-Identifier: Apache-2.0

import CGLib

/// Percent-encoding of URLs (RFC 3986, section 2.1).
package enum PercentEncoding {
    /// Encodes every byte but letters, digits, `-._~` and those of `kept`.
    package static func encode(_ text: String, keeping kept: String? = nil) -> String {
        // GLib takes the NUL behind `kept` for a part of it.
        let pieces = text.utf8.split(separator: 0, omittingEmptySubsequences: false).map { piece in
            let bytes = Array(piece)
            guard let encoded = g_uri_escape_bytes(bytes, gsize(bytes.count), kept) else { return "" }
            defer { g_free(encoded) }
            return String(cString: encoded)
        }
        return pieces.joined(separator: "%00")
    }

    /// Decodes to bytes, which may be anything; nil where a `%` is not followed by two hexadecimal digits.
    package static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let text = Array(text)
        let decoded = text.withUnsafeBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                $0.baseAddress.flatMap { g_uri_unescape_bytes($0, gssize(text.count), nil, nil) }
            }
        }
        guard let decoded else { return text.isEmpty ? [] : nil }
        defer { g_bytes_unref(decoded) }
        var count: gsize = 0
        let start = g_bytes_get_data(decoded, &count)
        return Array(UnsafeRawBufferPointer(start: start, count: Int(count)))
    }
}
