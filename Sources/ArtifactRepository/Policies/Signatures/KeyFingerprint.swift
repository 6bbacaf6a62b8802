// SPDX-License-Identifier: Apache-2.0

import TextCoding

/// Returns the fingerprint of an ssh public key as ssh-keygen prints it: `SHA256:` and the checksum in base64 without
/// padding.
///
/// - Parameter key: The key in base64, as in `authorized_keys`.
/// - Returns: Nil if `key` is not base64.
public func fingerprint(ofSSHKey key: some StringProtocol) -> String? {
    guard let bytes = Base64.decode(key.utf8), !bytes.isEmpty else { return nil }
    return "SHA256:" + Base64.encode(Digest(of: bytes).finish().bytes).prefix { $0 != "=" }
}
