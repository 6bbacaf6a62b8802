// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import ArtifactRepository
import SystemCalls

/// A line of `authorized_keys`, or of a `.pub` file.
package struct AuthorizedKey {
    /// The line as it stands in the file.
    let line: String

    /// The key itself in base64, without options, type and comment; nil if the line has no key.
    var material: String? {
        let words = line.split(separator: " ").map(String.init)
        guard let place = words.firstIndex(where: AuthorizedKey.isType), place + 1 < words.count else {
            return nil
        }
        return words[place + 1]
    }

    /// The comment, or else the beginning of the line.
    var name: String {
        let comment = line.split(separator: " ").dropFirst(2).joined(separator: " ")
        return (comment.isEmpty ? String(line.prefix(40)) : comment).forDisplay(limit: 60)
    }

    private static func isType(_ word: String) -> Bool {
        word.hasPrefix("ssh-") || word.hasPrefix("ecdsa-sha2-") || word.hasPrefix("sk-")
    }

    /// Reads the public keys in a file.
    ///
    /// - Throws: `RepositoryError` if there are none, or a line is none.
    package static func publicKeys(in file: String) throws -> [AuthorizedKey] {
        let keys = try lines(of: Directory.openAnywhere(file)).filter { !$0.line.hasPrefix("#") }
        let areValid = keys.allSatisfy { key in
            let words = key.line.split(separator: " ").map(String.init)
            return words.count >= 2 && isType(words[0]) && fingerprint(ofSSHKey: words[1]) != nil
        }
        guard areValid, !keys.isEmpty else {
            throw RepositoryError(
                .notAllowed,
                "\(file) holds no public key of ssh, which begins with its type, such as ssh-ed25519: name the file that ends "
                    + "in .pub")
        }
        return keys
    }

    static func lines(of file: Descriptor) throws -> [AuthorizedKey] {
        String(decoding: try file.readAll(limit: 1 << 20), as: UTF8.self)
            .split(whereSeparator: \.isNewline).map { AuthorizedKey(line: String($0)) }
    }
}
