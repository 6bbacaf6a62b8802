// SPDX-License-Identifier: Apache-2.0

import CGLib

/// Base64 with the usual alphabet (RFC 4648, section 4), as in keys and OpenPGP's armour.
package enum Base64 {
    /// Decodes padded text; nil for other characters, missing padding or text that is cut off.
    package static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        // GLib skips what is no base64, which must not pass here.
        var bytes = Array(text)
        let digits = bytes.prefix { $0.isASCIIAlphanumeric || "+/".utf8.contains($0) }
        let padding = bytes[digits.endIndex...]
        guard bytes.count % 4 == 0, padding.count <= 2, padding.allSatisfy({ $0 == UInt8(ascii: "=") }) else {
            return nil
        }
        guard !bytes.isEmpty else { return [] }
        bytes.append(0)
        var count: gsize = 0
        bytes.withUnsafeMutableBytes { buffer in
            _ = buffer.withMemoryRebound(to: CChar.self) { g_base64_decode_inplace($0.baseAddress, &count) }
        }
        return Array(bytes.prefix(Int(count)))
    }

    /// Encodes bytes, with padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        guard let text = g_base64_encode(bytes, gsize(bytes.count)) else { return "" }
        defer { g_free(text) }
        return String(cString: text)
    }
}
