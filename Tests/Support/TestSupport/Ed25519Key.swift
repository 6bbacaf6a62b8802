// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An ed25519 key of OpenSSL's making: Debian's libostree is built without them.
public final class Ed25519Key: Sendable {
    private let directory: TemporaryDirectory
    private let key: String
    /// The public key: 32 bytes.
    public let publicKey: [UInt8]

    /// Makes a key.
    public init() throws {
        directory = try TemporaryDirectory()
        key = directory.path("key.pem")
        try run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key]).checked()
        let encoded = try run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"]).checked().output
        // The key stands behind a header that says what it is.
        publicKey = Array(encoded.suffix(32))
    }

    /// The secret key's 32 bytes in base64, as files of keys have them.
    public func seed() throws -> String {
        let encoded = try run(["openssl", "pkey", "-in", key, "-outform", "DER"]).checked().output
        return Data(encoded.suffix(32)).base64EncodedString()
    }

    /// A signature: 64 bytes.
    public func signature(of bytes: [UInt8]) throws -> [UInt8] {
        let file = try directory.file("content", bytes)
        return try run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", file]).checked().output
    }
}
