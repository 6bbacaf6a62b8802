// SPDX-License-Identifier: Apache-2.0

/// The fingerprint of an ssh public key as ssh-keygen prints it: `SHA256:` and the checksum in base64 without padding.
///
/// - Parameter key: the key in base64, as it stands in `authorized_keys`.
/// - Returns: nil where that is no base64.
public func fingerprint(ofSSHKey key: some StringProtocol) -> String? {
    guard let bytes = Base64.decode(key.utf8), !bytes.isEmpty else { return nil }
    let digest = Digest()
    digest.update(bytes)
    return "SHA256:" + Base64.encodeWithoutPadding(digest.finish().bytes)
}

extension Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    fileprivate static func encodeWithoutPadding(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        var (pending, bits): (UInt32, UInt32) = (0, 0)
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                result.append(alphabet[Int(pending >> bits & 63)])
            }
            pending &= (1 << bits) - 1
        }
        if bits > 0 { result.append(alphabet[Int(pending << (6 - bits) & 63)]) }
        return String(decoding: result, as: UTF8.self)
    }
}
