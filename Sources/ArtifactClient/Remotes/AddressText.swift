// SPDX-License-Identifier: Apache-2.0

/// What the forms of a remote's address have in common as text.
///
/// All of it works on bytes and Unicode scalars: a `Character` may hide a separator under a combining mark.
enum AddressText {
    /// Splits `SCHEME://REST`; nil where the text is no URL. The scheme comes in lower case.
    static func splitScheme(_ bytes: ArraySlice<UInt8>) -> (scheme: String, rest: ArraySlice<UInt8>)? {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        let scheme = bytes[..<colon]
        let isName = scheme.allSatisfy {
            isLetterOrDigit($0) || "+-.".utf8.contains($0)
        }
        guard isName, !scheme.isEmpty else { return nil }
        return (String(decoding: scheme, as: UTF8.self).lowercased(), bytes[(colon + 3)...])
    }

    /// Splits what follows `://` where the path begins. Throws where a query or fragment is in it: a
    /// repository's address has none, and its files' addresses are made by appending to it.
    static func splitPath(
        _ bytes: ArraySlice<UInt8>
    ) throws(AddressFault) -> (authority: ArraySlice<UInt8>, path: ArraySlice<UInt8>) {
        let slash = bytes.firstIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex
        if bytes.contains(where: { "?#".utf8.contains($0) }) {
            throw AddressFault(
                "it has a query or a fragment, which an artifact cache does not have",
                remedy: "leave out what begins with '?' or '#', or write these as %3F and %23")
        }
        return (bytes[..<slash], bytes[slash...])
    }

    /// Undoes percent-encoding (RFC 3986, section 2.1). Throws on incomplete escapes, on bytes that are not
    /// UTF-8 and on control characters.
    static func percentDecoded(_ bytes: ArraySlice<UInt8>, of part: String) throws(AddressFault) -> String {
        let decoded = try unescaped(bytes, of: part)
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw AddressFault(
                "the escapes in \(part) do not make UTF-8 text", remedy: "encode \(part) as UTF-8")
        }
        try refuseControlCharacters(in: text, of: part)
        return text
    }

    /// Undoes percent-encoding without asking what the bytes mean.
    static func unescaped(_ bytes: ArraySlice<UInt8>, of part: String) throws(AddressFault) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit)
            else {
                throw AddressFault(
                    "\(part) has a '%' that is not followed by two hexadecimal digits",
                    remedy: "write %25 for a percent sign")
            }
            result.append(high << 4 | low)
        }
        return result
    }

    /// Percent-encodes a path for a URL in a message.
    static func percentEncoded(_ path: String) -> String {
        var result = ""
        for byte in path.utf8 {
            if isLetterOrDigit(byte) || "-._~/@:+=,".utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return result
    }

    /// Throws where `text` holds a control character: C0 (NUL and newline among them), DEL or C1.
    static func refuseControlCharacters(in text: String, of part: String) throws(AddressFault) {
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw AddressFault("\(part) holds a control character", remedy: "remove it")
        }
    }

    /// The text for a message: what stands before the last `@` is left out where it may hold a password, even
    /// in text that is no valid address. Only a `USER@` of the ssh forms stays.
    static func withoutCredentials(_ text: String) -> String {
        let bytes = ArraySlice(text.utf8)
        let (scheme, rest) = splitScheme(bytes) ?? ("", bytes)
        guard let firstAt = rest.firstIndex(of: UInt8(ascii: "@")),
            let lastAt = rest.lastIndex(of: UInt8(ascii: "@"))
        else { return Quotation.escaped(text) }
        let hasColonBefore = rest[..<firstAt].contains(UInt8(ascii: ":"))
        let isUserOfWeb = !["", "ssh"].contains(scheme) && !rest[..<firstAt].contains(UInt8(ascii: "/"))
        guard hasColonBefore || isUserOfWeb else { return Quotation.escaped(text) }
        let visible = String(decoding: rest[(lastAt + 1)...], as: UTF8.self)
        return Quotation.escaped(scheme.isEmpty ? visible : scheme + "://" + visible)
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
