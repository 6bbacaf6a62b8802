// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import SystemCalls

/// A server's certificate and private key in PEM.
public struct Certificate: Sendable {
    /// The certificate and its chain.
    public let pem: [UInt8]
    /// The private key.
    let key: [UInt8]
    /// The SHA-256 fingerprint of the certificate, `AB:CD:...`.
    public let fingerprint: String

    /// Parses both, and checks that the key is that of the certificate.
    ///
    /// - Parameter names: names of the two for messages.
    init(pem: [UInt8], key: [UInt8], names: (certificate: String, key: String)) throws {
        guard let certificate = PEM.certificate(pem) else {
            throw ServerError(
                "\(names.certificate) holds no certificate: name a PEM file that begins with '-----BEGIN CERTIFICATE-----'"
            )
        }
        guard let privateKey = PEM.privateKey(key) else {
            throw ServerError(
                "\(names.key) holds no private key without a passphrase: name a PEM file, or remove the passphrase with "
                    + "'openssl pkey'")
        }
        guard X509_check_private_key(certificate.pointer, privateKey.pointer) == 1 else {
            throw ServerError(
                "\(names.key) is not the key of \(names.certificate): name the one that belongs to it")
        }
        self.pem = pem
        self.key = key
        fingerprint = certificate.fingerprint
    }

    /// Reads a certificate and its key from files.
    public init(certificate: String, key: String) throws {
        try self.init(
            pem: Directory.openAnywhere(certificate).readAll(limit: 1 << 20),
            key: Directory.openAnywhere(key).readAll(limit: 1 << 20), names: (certificate, key))
    }
}

/// Conversion between PEM and OpenSSL's objects.
enum PEM {
    /// An OpenSSL certificate, freed with this object.
    final class X509Certificate {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { X509_free(pointer) }

        /// The SHA-256 of the DER form, `AB:CD:...`.
        var fingerprint: String {
            var digest = [UInt8](repeating: 0, count: 32)
            X509_digest(pointer, EVP_sha256(), &digest, nil)
            guard let text = OPENSSL_buf2hexstr(digest, digest.count) else { return "" }
            defer { CRYPTO_free(text, nil, 0) }
            return String(cString: text)
        }
    }

    /// An OpenSSL private key, freed with this object.
    final class PrivateKey {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { EVP_PKEY_free(pointer) }
    }

    /// Parses the first certificate; nil if there is none.
    static func certificate(_ bytes: [UInt8]) -> X509Certificate? {
        reading(bytes) { PEM_read_bio_X509($0, nil, nil, nil) }.map(X509Certificate.init)
    }

    /// Parses a private key; nil if there is none or it has a passphrase.
    static func privateKey(_ bytes: [UInt8]) -> PrivateKey? {
        // Without this callback, OpenSSL would prompt for the passphrase on a terminal.
        reading(bytes) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) }.map(PrivateKey.init)
    }

    private static func reading(_ bytes: [UInt8], _ read: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer?
    {
        guard let bio = BIO_new_mem_buf(bytes, Int32(clamping: bytes.count)) else { return nil }
        defer { BIO_free(bio) }
        defer { ERR_clear_error() }
        return read(bio)
    }

    /// Returns the bytes that `write` puts into a memory BIO.
    static func written(_ write: (OpaquePointer) -> Int32) -> [UInt8]? {
        guard let bio = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { return nil }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = BIO_read(bio, &buffer, Int32(buffer.count))
            guard count > 0 else { return result }
            result += buffer[..<Int(count)]
        }
    }
}
