// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import COpenSSL

/// A running SHA-256, computed by OpenSSL.
package final class Digest {
    private let context: OpaquePointer?

    // Fetched once: looking an algorithm up costs more than hashing a small object.
    private nonisolated(unsafe) static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)

    /// Creates an empty digest.
    init() {
        context = EVP_MD_CTX_new()
        let ready = EVP_DigestInit_ex2(context, Digest.algorithm, nil)
        precondition(ready == 1, "OpenSSL offers no SHA-256")
    }

    /// Creates a digest of some bytes.
    package convenience init(of bytes: [UInt8]) {
        self.init()
        update(bytes)
    }

    /// Creates a digest of some bytes.
    package convenience init(of bytes: UnsafeRawBufferPointer) {
        self.init()
        update(bytes)
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Hashes more bytes.
    func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// Hashes more bytes.
    func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Returns the checksum of all bytes; the digest must not be used afterwards.
    package func finish() -> Checksum {
        withUnsafeTemporaryAllocation(byteCount: Checksum.byteCount, alignment: 8) { buffer in
            EVP_DigestFinal_ex(context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
            // Not nil: the buffer has 32 bytes.
            return Checksum(bytes: UnsafeRawBufferPointer(buffer))!
        }
    }

    /// Checks that all bytes have the checksum of an object; the digest must not be used afterwards.
    func check(_ name: ObjectName) throws(RepositoryError) {
        let actual = finish()
        guard actual == name.checksum else {
            throw .badObject(name, "its content has the checksum \(actual)")
        }
    }
}
