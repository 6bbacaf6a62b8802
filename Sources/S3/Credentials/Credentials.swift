// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// The keys that requests are signed with.
///
/// No description of any kind shows them.
package struct Credentials: Equatable, Sendable {
    /// The identifier of the secret key.
    package let accessKey: String
    /// The secret key.
    package let secretKey: String
    /// The token that belongs to temporary keys.
    package let sessionToken: String?
    /// The time at which they end, in seconds since 1970; nil for those that last.
    package let expiry: Int?

    /// Takes keys.
    package init(accessKey: String, secretKey: String, sessionToken: String? = nil, expiry: Int? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expiry = expiry
    }

    /// Takes keys from a JSON answer.
    ///
    /// - Parameter token: the name of the field with the session token.
    /// - Returns: nil where a field is missing or could not stand in a header.
    init?(json bytes: [UInt8], token: String) {
        guard let fields = JSONFields.read(bytes), let accessKey = fields["AccessKeyId"],
            let secretKey = fields["SecretAccessKey"]
        else { return nil }
        self.init(
            accessKey: accessKey, secretKey: secretKey, sessionToken: fields[token],
            expiry: fields["Expiration"].flatMap(Timestamp.seconds))
        // An end that cannot be read would be taken for none.
        guard isUsable, fields["Expiration"] == nil || expiry != nil else { return nil }
    }

    /// Indicates that all parts can stand in a header.
    var isUsable: Bool {
        ![accessKey, secretKey, sessionToken ?? "x"].contains { text in
            text.isEmpty || !text.utf8.allSatisfy { (0x21..<0x7f).contains($0) }
        }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// A text without any key.
    package var description: String { "credentials" }
    /// A text without any key.
    package var debugDescription: String { description }
    /// A mirror without children.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
