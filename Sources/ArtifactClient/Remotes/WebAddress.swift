// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import TextCoding

/// A repository that a web server publishes, for pulling.
public struct WebAddress: Hashable, Sendable {
    /// The URL as it was written, without slashes at its end. **May hold a user and a password**: it is for
    /// libcurl; messages use `description`.
    public let url: String
    /// True for `https`.
    public let isEncrypted: Bool

    /// Checks an `http` or `https` URL; its text is kept.
    init(_ url: SplitURL, text: String) throws(RemoteAddressError) {
        try url.refuseQuery()
        if url.authority.contains(UInt8(ascii: "\\")) {
            throw RemoteAddressError(
                "it holds a backslash, which some programs take for a slash", remedy: "write / or %5C")
        }
        if let userInfo = try URLAuthority(parsing: url.authority).userInfo {
            _ = try SplitURL.decode(userInfo, of: "its user")
        }
        if try SplitURL.decodeBytes(url.path, of: "its path").contains(where: \.isASCIIControl) {
            throw RemoteAddressError("its path holds a control character", remedy: "remove it")
        }
        if text.unicodeScalars.contains(where: \.properties.isWhitespace) {
            throw RemoteAddressError("it holds white space", remedy: "write %20 for a space")
        }
        let slashes = text.utf8.reversed().prefix { $0 == UInt8(ascii: "/") }
        self.url = String(decoding: text.utf8.dropLast(slashes.count), as: UTF8.self)
        isEncrypted = url.scheme == "https"
    }
}

extension WebAddress: CustomStringConvertible {
    /// The URL without user and password.
    public var description: String {
        guard let parts = SplitURL(url), let at = parts.authority.lastIndex(of: UInt8(ascii: "@")) else {
            return url.forDisplay()
        }
        let visible = String(decoding: parts.authority[(at + 1)...] + parts.path, as: UTF8.self)
        return "\(parts.scheme)://\(visible)".forDisplay()
    }
}

extension WebAddress: CustomReflectable {
    /// Shows the description only, so that `dump` does not reveal credentials.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
