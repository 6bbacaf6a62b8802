// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COpenSSL
import SystemCalls
import TextCoding
import Variants

/// A verifier of signatures made by `ostree sign --sign-type=ed25519` with one of several keys.
///
/// The signatures are in the detached metadata under `ostree.sign.ed25519`, 64 bytes each, over the bytes of the
/// commit object.
public struct Ed25519Verifier: SignatureVerifier {
    private static let kind = SignatureKind(
        key: "ostree.sign.ed25519", name: "ed25519", remedy: "'ostree sign --sign-type=ed25519'")
    private static let keySize = 32
    private static let signatureSize = 64

    /// The key of ed25519 signatures.
    public var key: String { Ed25519Verifier.kind.key }
    private let path: String
    private let keys: [[UInt8]]

    /// Reads public keys from a file in the format of libostree's `verification-ed25519-file`: 32 bytes in base64 per
    /// line. Ignores empty lines.
    ///
    /// - Throws: `RepositoryError` with `badSignature` if a line is no key or there is none; `SystemError` if the file
    ///   cannot be read.
    public init(keys path: String) throws {
        self.path = path
        keys = try Ed25519Verifier.keys(in: Directory.openAnywhere(path).readAll(limit: 1 << 20), of: path)
    }

    /// Reads public keys from a file, if there is one, and from a text with a name for messages.
    init(keys file: String?, and text: (keys: String, name: String)?) throws {
        path = [file, text?.name].compactMap(\.self).joined(separator: " or ")
        let ofFile = try file.map {
            try Ed25519Verifier.keys(in: Directory.openAnywhere($0).readAll(limit: 1 << 20), of: $0)
        }
        let ofText = try text.map { try Ed25519Verifier.keys(in: Array($0.keys.utf8), of: $0.name) }
        keys = (ofFile ?? []) + (ofText ?? [])
    }

    private static func keys(in text: [UInt8], of path: String) throws -> [[UInt8]] {
        var keys: [[UInt8]] = []
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let word = line.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }
            guard !word.isEmpty else { continue }
            guard let key = Base64.decode(word), key.count == Ed25519Verifier.keySize else {
                throw RepositoryError(
                    .badSignature,
                    "cannot read public keys from \(path): line \(index + 1) is not an ed25519 key, so write the "
                        + "base64 of its 32 bytes there")
            }
            keys.append(key)
        }
        guard !keys.isEmpty else {
            throw RepositoryError(
                .badSignature,
                "cannot read public keys from \(path): it has none, so write the base64 of each into a line of its "
                    + "own")
        }
        return keys
    }

    /// Checks that one of the signatures was made with one of the keys.
    ///
    /// - Throws: `SignatureObjection`.
    public func verify(_ commit: [UInt8], _ detached: Variant?) throws {
        let signatures = try Ed25519Verifier.kind.signatures(in: detached)
        let isSigned = signatures.contains { signature in
            keys.contains { Ed25519Verifier.isGood(signature, of: commit, by: $0) }
        }
        guard isSigned else {
            throw SignatureObjection(
                "\(Ed25519Verifier.kind.none(of: signatures.count)) (not made for this commit with a key of \(path)), so have "
                    + "it signed with one of those keys")
        }
    }

    private static func isGood(_ signature: [UInt8], of commit: [UInt8], by key: [UInt8]) -> Bool {
        guard signature.count == signatureSize,
            let publicKey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, key, key.count)
        else { return false }
        defer { EVP_PKEY_free(publicKey) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, nil, nil, publicKey) == 1
            && EVP_DigestVerify(context, signature, signature.count, commit, commit.count) == 1
    }
}
