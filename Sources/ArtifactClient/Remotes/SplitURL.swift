// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// A URL split into `SCHEME://AUTHORITY` and `/PATH` (RFC 3986, section 3), neither checked nor decoded.
///
/// Parsing works on bytes and Unicode scalars: a `Character` may hide a separator under a combining mark.
struct SplitURL {
    /// In lower case.
    let scheme: String
    let authority: ArraySlice<UInt8>
    /// Empty, or beginning with a slash.
    let path: ArraySlice<UInt8>

    /// Returns nil where the text is no URL.
    init?(_ text: String) {
        let bytes = ArraySlice(text.utf8)
        let scheme = bytes.prefix { $0.isASCIIAlphanumeric || "+-.".utf8.contains($0) }
        guard !scheme.isEmpty, bytes[scheme.endIndex...].starts(with: "://".utf8) else { return nil }
        self.scheme = String(decoding: scheme, as: UTF8.self).lowercased()
        let rest = bytes[(scheme.endIndex + 3)...]
        authority = rest.prefix { $0 != UInt8(ascii: "/") }
        path = rest[authority.endIndex...]
    }

    /// Refuses a query or fragment: a repository's address has none, and its files' addresses are made by appending to
    /// it.
    func refuseQuery() throws(RemoteAddressError) {
        if (authority + path).contains(where: { "?#".utf8.contains($0) }) {
            throw RemoteAddressError(
                "it has a query or a fragment, which an artifact cache does not have",
                remedy: "leave out what begins with '?' or '#', or write these as %3F and %23")
        }
    }

    /// Decodes a part to text without control characters.
    static func decode(
        _ bytes: ArraySlice<UInt8>, of part: String
    ) throws(RemoteAddressError) -> String {
        guard let text = String(validating: try decodeBytes(bytes, of: part), as: UTF8.self) else {
            throw RemoteAddressError(
                "the escapes in \(part) do not make UTF-8 text", remedy: "encode \(part) as UTF-8")
        }
        try refuseControlCharacters(in: text, of: part)
        return text
    }

    /// Decodes a part that need not be UTF-8.
    static func decodeBytes(
        _ bytes: ArraySlice<UInt8>, of part: String
    ) throws(RemoteAddressError) -> [UInt8] {
        if let decoded = PercentEncoding.decode(bytes) { return decoded }
        throw RemoteAddressError(
            "\(part) has a '%' that is not followed by two hexadecimal digits",
            remedy: "write %25 for a percent sign")
    }

    /// Percent-encodes a path for a URL in a message or a request.
    static func encode(_ path: String) -> String {
        PercentEncoding.encode(path, keeping: "/@:+=,")
    }

    /// Refuses C0 (NUL and line breaks among them), DEL and C1.
    static func refuseControlCharacters(in text: String, of part: String) throws(RemoteAddressError) {
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw RemoteAddressError("\(part) holds a control character", remedy: "remove it")
        }
    }
}
