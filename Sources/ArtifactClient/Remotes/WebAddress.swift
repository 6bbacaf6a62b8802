// SPDX-License-Identifier: Apache-2.0

/// A repository that a web server publishes, for pulling.
public struct WebAddress: Hashable, Sendable {
    /// The URL as it was written, without slashes at its end. **May hold a user and a password**: it is for
    /// libcurl; messages use `description`.
    public let url: String
    /// Whether it is `https`.
    public let isEncrypted: Bool

    /// Checks what follows `http://` or `https://`; the URL itself is kept.
    init(url: String, afterScheme rest: ArraySlice<UInt8>, isEncrypted: Bool) throws(AddressFault) {
        let (authorityBytes, path) = try AddressText.splitPath(rest)
        if authorityBytes.contains(UInt8(ascii: "\\")) {
            throw AddressFault(
                "it holds a backslash, which some programs take for a slash", remedy: "write / or %5C")
        }
        let authority = try AddressAuthority(parsing: authorityBytes)
        if let userInfo = authority.userInfo {
            _ = try AddressText.percentDecoded(userInfo, of: "its user")
        }
        let pathText = try AddressText.unescaped(path, of: "its path")
        if pathText.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            throw AddressFault("its path holds a control character", remedy: "remove it")
        }
        if url.unicodeScalars.contains(where: { $0.properties.isWhitespace }) {
            throw AddressFault("it holds white space", remedy: "write %20 for a space")
        }
        let withoutSlashes = url.utf8.reversed().drop { $0 == UInt8(ascii: "/") }.reversed()
        self.url = String(decoding: Array(withoutSlashes), as: UTF8.self)
        self.isEncrypted = isEncrypted
    }
}

extension WebAddress: CustomStringConvertible {
    /// The URL without user and password.
    public var description: String {
        let bytes = ArraySlice(url.utf8)
        guard let (scheme, rest) = AddressText.splitScheme(bytes) else { return "" }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return Quotation.escaped(url) }
        return Quotation.escaped(scheme + "://" + String(decoding: rest[(at + 1)...], as: UTF8.self))
    }
}

extension WebAddress: CustomReflectable {
    /// Shows the description only, so that `dump` does not reveal credentials.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
