// SPDX-License-Identifier: Apache-2.0

import ArtifactProtocol
import SystemCalls
import TextCoding

/// A keyring for `gpgv`, read from a file in any form that GnuPG writes.
struct OpenPGPKeyring {
    /// The path of the file.
    let path: String
    /// The keys, without armor.
    let bytes: [UInt8]

    /// Reads `gpg --export`, `gpg --export --armor`, or a keybox such as GnuPG's own `pubring.kbx`.
    ///
    /// - Throws: `RepositoryError` with `badSignature` if the file is none of these; `SystemError` if it cannot be
    ///   read.
    init(_ path: String) throws {
        self.path = path
        let content = try Directory.openAnywhere(path).readAll(limit: 64 << 20)
        if OpenPGPKeyring.isKeybox(content) {
            bytes = content
            return
        }
        let isText = content.first.map { $0 & 0x80 == 0 } ?? true
        let keys = isText ? OpenPGPArmor.publicKeys(in: content) : content
        guard let keys, let packets = OpenPGPPacket.split(keys), !packets.isEmpty else {
            throw OpenPGPKeyring.unusable(path, "there are no OpenPGP public keys in it")
        }
        guard !packets.contains(where: { $0.kind == .secretKey }) else {
            throw OpenPGPKeyring.unusable(path, "it holds secret keys, which do not belong here")
        }
        guard packets.first?.kind == .publicKey else {
            throw OpenPGPKeyring.unusable(path, "what it holds is no public key")
        }
        bytes = keys
    }

    /// Returns true if the content is a keybox: its first blob has a magic number after length, type, version and
    /// flags.
    private static func isKeybox(_ content: [UInt8]) -> Bool {
        content.count > 32 && content[8..<12].elementsEqual("KBXf".utf8)
    }

    private static func unusable(_ path: String, _ reason: String) -> RepositoryError {
        RepositoryError(
            .badSignature, "cannot use the keyring \(path): \(reason), so make it with 'gpg --export KEY'")
    }
}

/// OpenPGP's ASCII armor (RFC 9580, section 6): base64 between two marker lines.
enum OpenPGPArmor {
    private static let begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    private static let end = "-----END PGP PUBLIC KEY BLOCK-----"

    /// Decodes and concatenates all blocks of public keys in a text; nil if there is none or one is damaged.
    ///
    /// Ignores the checksum at a block's end, as RFC 9580 advises: malformed keys are found later.
    static func publicKeys(in text: [UInt8]) -> [UInt8]? {
        var keys: [UInt8] = []
        var lines = String(decoding: text, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
        while let start = lines.firstIndex(where: { isLine($0, begin) }) {
            lines = lines[(start + 1)...]
            // Headers such as 'Comment: ...' come first, then an empty line.
            guard let end = lines.firstIndex(where: { isLine($0, end) }),
                let blank = lines[..<end].firstIndex(where: { isLine($0, "") })
            else { return nil }
            let digits = lines[(blank + 1)..<end].prefix { !$0.hasPrefix("=") }
            guard let block = Base64.decode(digits.joined().utf8.filter { $0 != UInt8(ascii: " ") }) else {
                return nil
            }
            keys += block
            lines = lines[end...]
        }
        return keys.isEmpty ? nil : keys
    }

    /// Returns true if a line equals `text`, ignoring trailing white space.
    private static func isLine(_ line: Substring, _ text: String) -> Bool {
        line.hasPrefix(text) && line.dropFirst(text.count).allSatisfy(\.isWhitespace)
    }
}
