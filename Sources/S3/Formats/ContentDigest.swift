// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import TextCoding

/// Digests that requests carry.
enum ContentDigest {
    // Fetched once and never changed, hence nonisolated(unsafe).
    private nonisolated(unsafe) static let sha256 = EVP_MD_fetch(nil, "SHA256", nil)
    private nonisolated(unsafe) static let md5 = EVP_MD_fetch(nil, "MD5", nil)

    /// Returns the SHA-256 in hexadecimal; nil where OpenSSL has none.
    static func sha256Hex(_ bytes: [UInt8]) -> String? {
        digest(bytes, sha256).map { digest in
            let digits = Array("0123456789abcdef".utf8)
            return String(
                decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }

    /// Returns the MD5 in Base64; nil where OpenSSL has none, as in FIPS mode.
    static func md5Base64(_ bytes: [UInt8]) -> String? {
        digest(bytes, md5).map(Base64.encode)
    }

    private static func digest(_ bytes: [UInt8], _ algorithm: OpaquePointer?) -> [UInt8]? {
        guard let algorithm else { return nil }
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard EVP_Digest(bytes, bytes.count, &result, &count, algorithm, nil) == 1 else { return nil }
        return Array(result.prefix(Int(count)))
    }
}
