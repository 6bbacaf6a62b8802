// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import SystemCalls
import TextCoding
import Variants

/// A key that signs summaries and commits.
///
/// Signatures are in the file `summary.sig`, or in a commit's detached metadata: an `a{sv}` with one array of signatures
/// (`aay`) for each kind.
public enum Signer: Sendable, Equatable {
    /// An Ed25519 key in a file, in base64 as `ostree sign` takes it: the 32 bytes of the seed, or these and the 32
    /// bytes of the public key.
    case ed25519(keyFile: String)
    /// A GnuPG key, by any name that `gpg --local-user` takes.
    case gpg(key: String, home: String?)

    /// Indicates that this is an Ed25519 key.
    var isEd25519: Bool {
        if case .ed25519 = self { return true }
        return false
    }

    /// The entry for signatures of this kind.
    var key: String {
        switch self {
        case .ed25519: "ostree.sign.ed25519"
        case .gpg: "ostree.gpgsigs"
        }
    }

    /// Signs a summary with all `signers`.
    ///
    /// - Returns: The content of `summary.sig`.
    /// - Throws: `RepositoryError` if a key cannot be used.
    static func signatures(of summary: [UInt8], by signers: [Signer]) throws -> [UInt8] {
        var signatures: [(key: String, value: [Variant])] = []
        for signer in signers {
            let signature = Variant.bytes(try signer.signature(of: summary, calling: "the summary").signature)
            if let place = signatures.firstIndex(where: { $0.key == signer.key }) {
                signatures[place].value.append(signature)
            } else {
                signatures.append((signer.key, [signature]))
            }
        }
        return Variant.dictionary(signatures.map { ($0.key, .array(of: "ay", $0.value)) }).serialized()
    }

    /// Signs bytes.
    ///
    /// - Parameter subject: the signed thing, for messages.
    /// - Returns: the signature, and the key that OSTree has signatures of this kind under.
    package func signature(
        of bytes: [UInt8], calling subject: String
    ) throws -> (key: String, signature: [UInt8]) {
        do {
            switch self {
            case .ed25519(let file):
                return (key, try Signer.signEd25519(bytes, keyFile: file))
            case .gpg(let name, let home):
                return (key, try Signer.signWithGPG(bytes, key: name, home: home))
            }
        } catch let failure as SigningFailure {
            throw RepositoryError(failure.code, "cannot sign \(subject): \(failure.reason)")
        }
    }

    /// The reason why a key does not sign.
    private struct SigningFailure: Error {
        var code = RepositoryError.Code.notAllowed
        let reason: String
    }

    // MARK: Ed25519

    private static func signEd25519(_ bytes: [UInt8], keyFile: String) throws -> [UInt8] {
        let text: [UInt8]
        do {
            text = try Directory.openAnywhere(keyFile).readAll(limit: 4096)
        } catch {
            throw SigningFailure(
                reason: "the key file \(keyFile) cannot be read (\(error.reason))")
        }
        guard let key = Base64.decode(text.filter { $0 > 32 }), key.count == 64 || key.count == 32 else {
            throw SigningFailure(
                reason: "\(keyFile) holds no Ed25519 key, which is 32 or 64 bytes in base64")
        }
        guard let secret = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, key, 32) else {
            throw failure(keyFile)
        }
        defer { EVP_PKEY_free(secret) }
        try check(secret, publicKey: key[32...], keyFile)
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, nil, nil, secret) == 1,
            EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1, count == 64
        else { throw failure(keyFile) }
        return signature
    }

    /// Checks that the public key belongs to the secret key: otherwise nobody could verify the signatures.
    private static func check(_ secret: OpaquePointer, publicKey: ArraySlice<UInt8>, _ keyFile: String) throws
    {
        guard !publicKey.isEmpty else { return }
        var actual = [UInt8](repeating: 0, count: 32)
        var count = actual.count
        guard EVP_PKEY_get_raw_public_key(secret, &actual, &count) == 1 else { throw failure(keyFile) }
        guard actual.elementsEqual(publicKey) else {
            throw SigningFailure(
                reason:
                    "the two halves of the Ed25519 key in \(keyFile) do not belong together, so take the secret key as "
                    + "'ostree sign' takes it")
        }
    }

    private static func failure(_ keyFile: String) -> SigningFailure {
        SigningFailure(code: .library, reason: "OpenSSL does not take the key in \(keyFile)")
    }

    // MARK: GnuPG

    private static func signWithGPG(_ bytes: [UInt8], key: String, home: String?) throws -> [UInt8] {
        let place = home.map { ["--homedir", $0] } ?? []
        let gpg = try ChildProcess(
            ["gpg"] + place + [
                "--batch", "--no-tty", "--quiet", "--detach-sign", "--local-user", key, "--output", "-",
            ])
        // If gpg stops reading early, its standard error has the reason.
        try? gpg.input?.writeAll(bytes)
        gpg.closeInput()
        let signature = try gpg.output.readAll(limit: 1 << 20)
        let words = try gpg.errorOutput.readAll(limit: 1 << 20)
        guard gpg.wait() == .status(0), !signature.isEmpty else {
            let said = String(decoding: words, as: UTF8.self).split(separator: "\n").last ?? "nothing"
            throw SigningFailure(
                reason: "gpg does not sign with the key \(key), and its last words are '\(said)'")
        }
        return signature
    }
}
